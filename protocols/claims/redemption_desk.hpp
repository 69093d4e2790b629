// Claims that somebody takes back at what they pay by contract, in his own time: who asks waits in
// a queue, first come, first served (redemption_queue.hpp), and is paid out of what is really
// there.
//   paid      units x min(rate when asked, rate now) x (1 - fee), x what is behind them `pro_rata`
//   budget    capacity per open second, at most `window` of it; what lies ready
//   backing   what is held / (rate x units there are)
// Meanwhile the claim is worth what whoever waits with it would give: with T until he is paid and u
// the share of what is held that is out of reach,
//   carried   rate (1 - fee) (1 - doubt u) exp(-carry T)
// Two kinds: a token bridged to another chain, whose home is an escrow that can be drained, and a
// coin whose reserves lie in banks that close.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/fields.hpp"
#include "core/values.hpp"
#include "protocols/claims/banking_hours.hpp"

namespace faultline {

/// What both kinds say.
struct DeskSpec {
  Name issues;
  std::optional<Amount> holds;
  std::optional<Flow> capacity;
  Seconds window{3600};
  Ratio fee{0};
  bool mints = true;
  PerYear carry{0.2};
  Ratio doubt{0};

  template <class V>
  void fields(V& v) {
    v("issues", issues,
      Field{.help = "the claim: an asset with a rate and a supply",
            .required = true,
            .refers = Refers::asset});
    v("holds", holds,
      Field{.help = "what is behind it, of the asset its rate is in; left out: all it promises",
            .lo = 0});
    v("capacity", capacity,
      Field{.help = "most it pays out, as `$250m/d`, within its hours; left out: no limit",
            .lo = 0});
    v("window", window,
      Field{.help = "capacity nobody used is kept so long",
            .lo = 1,
            .hi = 3.2e7,
            .source = "our choice: an hour"});
    v("fee", fee, Field{.help = "share kept of what is handed in or issued", .lo = 0, .hi = 0.5});
    v("mints", mints, Field{.help = "it issues claims against the asset, at the rate"});
    v("carry", carry,
      Field{.help = "what whoever waits for it asks a year of his money",
            .lo = 0,
            .hi = 100,
            .source = "our choice: 20%"});
    v("doubt", doubt,
      Field{.help = "share of what is out of reach that he counts as lost", .lo = 0, .hi = 1});
  }
};

/// A token on one chain that stands for another held in escrow on its own.
struct BridgeSpec : DeskSpec {
  static constexpr std::string_view name = "bridge";
  Seconds delay{900};
  std::string pays = "first_come";
  std::optional<Seconds> pauses_after;

  template <class V>
  void fields(V& v) {
    DeskSpec::fields(v);
    v("delay", delay,
      Field{.help = "from handing it in to being paid, at the least",
            .lo = 0,
            .hi = 3.2e7,
            .source = "our choice: a quarter of an hour, as messages between chains take"});
    v("pays", pays,
      Field{.help = "whole while the escrow lasts, or each his share of what is there",
            .choices = "first_come pro_rata"});
    v("pauses_after", pauses_after,
      Field{.help = "how long after less than all is behind it its guardian stops it for good; "
                    "left out: never",
            .lo = 0});
  }
};

/// One place where reserves lie.
struct ReservePartSpec {
  Ratio share;
  Seconds within{0};

  template <class V>
  void fields(V& v) {
    v("share", share, Field{.help = "of what is held", .lo = 0, .hi = 1, .required = true});
    v("within", within,
      Field{.help = "hours of banks in which all of it can be turned into cash; 0: it is cash",
            .lo = 0,
            .hi = 3.2e7});
  }
};

/// A coin issued against money in banks and what can be sold for it.
struct FiatCoinSpec : DeskSpec {
  static constexpr std::string_view name = "fiat_coin";
  std::map<std::string, ReservePartSpec> reserves;
  std::string open = "always";
  Seconds delay{0};

  template <class V>
  void fields(V& v) {
    DeskSpec::fields(v);
    v("reserves", reserves, Field{.help = "where what is held lies, by name; the rest is cash"});
    v("open", open,
      Field{.help = "when it redeems and issues, in UTC, as `mon-fri 14:00-22:00`; or always"});
    v("delay", delay,
      Field{.help = "from handing it in to being paid, at the least", .lo = 0, .hi = 3.2e7});
  }
};

/// What of it a run goes by. Amounts in units of the asset its rate is in.
struct DeskTerms {
  double per_s = 0;  // infinite: no limit
  double window_s = 3600;
  double delay_s = 0;
  double fee = 0;
  double carry_per_s = 0, doubt = 0;
  double pauses_after_s = 0;  // infinite: never
  bool mints = true, pro_rata = false;
  BankingHours hours;

  /// What may be paid out at once.
  double most_room() const { return per_s * window_s; }
};

}  // namespace faultline
