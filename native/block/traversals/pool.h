// Working memory of searches, kept between them: at most as many as ever ran at once.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace gossamer::block {

template <class T>
class Pool {
 public:
  // Calls f(T&). Where f throws, the memory goes with the half search that it holds.
  template <class F>
  void with(F&& f) const {
    std::unique_ptr<T> one;
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        one = std::move(idle_.back());
        idle_.pop_back();
      }
    }
    if (!one) one = std::make_unique<T>();
    f(*one);
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(one));
  }

 private:
  mutable std::mutex mutex_;
  mutable std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace gossamer::block
