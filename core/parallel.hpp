// Parallel work without a trace of it in the results. A sweep is one pipeline: serial ids, parallel
// runs, a serial writer in id order, so a results file is always a prefix. A scenario that runs
// alone spreads blocks over the same threads. This is the only page that sees TBB.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace faultline {

/// How many threads may work at once; 0 means one per core.
struct Parallelism {
  unsigned threads = 0;
};

/// Results that may wait for the writer: the number of slots a caller of run_pipeline must hold.
inline constexpr unsigned pipeline_slots = 64;

/// Set from a signal handler or another thread; a pipeline then starts no further id.
using CancelFlag = std::atomic<bool>;

/// What a sweep asks for. `worker` is below Workers::threads() and never runs two ids at once: it
/// names a workspace. `slot` is below pipeline_slots and belongs to one id until its write returns:
/// it names a place for the finished result.
struct Pipeline {
  std::uint64_t first = 0;  // the first id; resume gives "last id + 1"
  std::uint64_t count = 0;  // how many ids at most
  /// Called serially in id order before the id runs; false ends the sweep before this id. Optional.
  std::function<bool(std::uint64_t id)> produce;
  /// Called in parallel, in any order.
  std::function<void(unsigned worker, unsigned slot, std::uint64_t id)> run;
  /// Called serially in id order; false ends the sweep after this id (limit reached, disk full).
  std::function<bool(unsigned slot, std::uint64_t id)> write;
  const CancelFlag* cancel = nullptr;
};

/// How a pipeline ended. Every id below `next` was written, none from `next` on; the one exception
/// is an id whose `write` itself failed, and it is `next`.
struct PipelineEnd {
  std::uint64_t next = 0;
  bool cancelled = false;  // the flag was seen
  std::string error;       // what() of the exception thrown for id `next`; empty if none
};

/// A set of threads kept for many calls. Calls do not nest: `run` may not call run_pipeline.
class Workers {
 public:
  explicit Workers(Parallelism parallelism);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  unsigned threads() const { return threads_; }

  /// Runs ids first .. first + count - 1. Written ids, their order and `next` are the same for any
  /// number of threads, except after a cancel. Exceptions end the sweep and come back as `error`.
  PipelineEnd run_pipeline(const Pipeline& pipeline);

  /// Calls work(worker, block) for each block below `blocks`, in any order; with one thread or
  /// block, in the caller's thread. Returns what() of the lowest block that threw, empty if none;
  /// every other block has run.
  std::string for_blocks(std::size_t blocks,
                         const std::function<void(unsigned worker, std::size_t block)>& work);

 private:
  struct Arena;
  unsigned threads_;
  std::unique_ptr<Arena> arena_;
};

}  // namespace faultline
