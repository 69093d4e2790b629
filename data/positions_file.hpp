// The accounts of a lending market as YAML gives them: a CSV, groups, or a list.
#pragma once

#include <string>

#include "data/ecosystem_file.hpp"

namespace faultline {

/// Reads `borrowers:` of a market. `folder` is where data files are looked for; `loan` and
/// `collateral` name the pair of an isolated market or of loans on bands (empty for a pool).
struct BorrowersPlace {
  std::string path;    // markets.NAME.borrowers
  std::string market;  // NAME
  std::string folder;
  std::string loan, collateral;
  bool on_bands = false;  // of that pair: coins posted lie in the loan's bands
};
void read_borrowers(const Node& node, const BorrowersPlace& where, MarketNode& market,
                    ReadContext& context, std::vector<DataFile>& files);

/// A path of a data file: inside the folder of the ecosystem file or its parent, never elsewhere.
/// Reports and gives an empty text where it is not.
std::string data_path(const std::string& written, const std::string& folder, Span at,
                      Reading& reading);

/// FNV hash of a file's bytes as hexadecimal; empty if it cannot be read.
std::string hash_file(const std::string& path);

}  // namespace faultline
