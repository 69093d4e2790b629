#include "core/parallel.hpp"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <array>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

namespace faultline {
namespace {

// Calls `work`, and gives what it threw as text.
template <class Work>
std::optional<std::string> caught(const Work& work) {
  try {
    work();
    return std::nullopt;
  } catch (const std::exception& e) {
    const std::string what = e.what();
    return what.empty() ? "exception without a message" : what;
  } catch (...) {
    return "exception of an unknown kind";
  }
}

unsigned this_worker() {
  return static_cast<unsigned>(tbb::this_task_arena::current_thread_index());
}

struct Token {
  std::uint64_t id = 0;
  unsigned slot = 0;
  bool produced = true;  // false: produce threw
};

// One pipeline under way. The producer and the writer are serial; `stop_` tells the producer, and
// `ended_`, set by the writer alone, lets the tokens behind the end pass unwritten.
class Sweep {
 public:
  explicit Sweep(const Pipeline& pipeline) : pipeline_(pipeline) { end_.next = pipeline.first; }

  std::optional<Token> next() {
    if (stop_.load(std::memory_order_relaxed) || issued_ == pipeline_.count) return std::nullopt;
    if (pipeline_.cancel != nullptr && pipeline_.cancel->load(std::memory_order_relaxed)) {
      end_.cancelled = true;
      return std::nullopt;
    }
    Token token{.id = pipeline_.first + issued_,
                .slot = static_cast<unsigned>(issued_ % pipeline_slots)};
    errors_[token.slot].reset();
    bool more = true;
    if (pipeline_.produce) {
      errors_[token.slot] = caught([&] { more = pipeline_.produce(token.id); });
      token.produced = !errors_[token.slot];
    }
    if (!more) return std::nullopt;
    if (!token.produced) stop_.store(true, std::memory_order_relaxed);
    ++issued_;
    return token;
  }

  Token run(Token token, unsigned worker) {
    // Only the writer's end makes a run useless: ids before a failed one are still wanted.
    if (!token.produced || ended_.load(std::memory_order_relaxed)) return token;
    errors_[token.slot] = caught([&] { pipeline_.run(worker, token.slot, token.id); });
    return token;
  }

  void write(Token token) {
    if (ended_) return;
    bool more = true;
    std::optional<std::string> error = std::move(errors_[token.slot]);
    if (!error) error = caught([&] { more = pipeline_.write(token.slot, token.id); });
    if (error) end_.error = *error;
    if (!error) end_.next = token.id + 1;
    if (error || !more) {
      ended_ = true;
      stop_.store(true, std::memory_order_relaxed);
    }
  }

  PipelineEnd end() const { return end_; }

 private:
  const Pipeline& pipeline_;
  std::uint64_t issued_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<bool> ended_{false};
  std::array<std::optional<std::string>, pipeline_slots> errors_;
  PipelineEnd end_;
};

unsigned resolve(Parallelism parallelism) {
  if (parallelism.threads != 0) return parallelism.threads;
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

struct Workers::Arena {
  // Without the control TBB never starts more threads than there are cores.
  explicit Arena(unsigned threads)
      : control(tbb::global_control::max_allowed_parallelism, threads),
        arena(static_cast<int>(threads)) {}
  tbb::global_control control;
  tbb::task_arena arena;
};

Workers::Workers(Parallelism parallelism)
    : threads_(resolve(parallelism)),
      arena_(threads_ > 1 ? std::make_unique<Arena>(threads_) : nullptr) {}

Workers::~Workers() = default;

PipelineEnd Workers::run_pipeline(const Pipeline& pipeline) {
  Sweep sweep(pipeline);
  if (threads_ == 1) {  // starting TBB costs more than a short sweep has to spare
    while (const std::optional<Token> token = sweep.next()) sweep.write(sweep.run(*token, 0));
    return sweep.end();
  }
  const auto produce = [&sweep](tbb::flow_control& control) {
    const std::optional<Token> token = sweep.next();
    if (!token) control.stop();
    return token.value_or(Token{});
  };
  const auto failure = caught([&] {
    arena_->arena.execute([&] {
      tbb::parallel_pipeline(
          pipeline_slots,
          tbb::make_filter<void, Token>(tbb::filter_mode::serial_in_order, produce) &
              tbb::make_filter<Token, Token>(
                  tbb::filter_mode::parallel,
                  [&sweep](Token t) { return sweep.run(t, this_worker()); }) &
              tbb::make_filter<Token, void>(tbb::filter_mode::serial_in_order,
                                            [&sweep](Token t) { sweep.write(t); }));
    });
  });
  PipelineEnd end = sweep.end();
  if (failure && end.error.empty()) end.error = *failure;
  return end;
}

std::string Workers::for_blocks(
    std::size_t blocks, const std::function<void(unsigned worker, std::size_t block)>& work) {
  std::mutex mutex;
  std::size_t failed = blocks;
  std::string error;
  const auto one = [&](unsigned worker, std::size_t block) {
    const auto what = caught([&] { work(worker, block); });
    if (!what) return;
    const std::lock_guard lock(mutex);
    if (block < failed) {
      failed = block;
      error = *what;
    }
  };
  if (threads_ == 1 || blocks <= 1) {
    for (std::size_t block = 0; block < blocks; ++block) one(0, block);
    return error;
  }
  const auto failure = caught([&] {
    arena_->arena.execute([&] {
      tbb::parallel_for(tbb::blocked_range<std::size_t>(0, blocks),
                        [&](const tbb::blocked_range<std::size_t>& range) {
                          for (std::size_t b = range.begin(); b != range.end(); ++b)
                            one(this_worker(), b);
                        });
    });
  });
  return failure && error.empty() ? *failure : error;
}

}  // namespace faultline
