// Arrays that begin at a cache line, so that no vector of them crosses one.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace gossamer::encoder {

template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Buffer() = default;
  explicit Buffer(size_t size) { grow(size); }
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Buffer() { release(); }

  // Room for `size`, all zeros if it had less. What it held is lost then.
  T* grow(size_t size) {
    if (size > size_) {
      release();
      data_ = static_cast<T*>(::operator new(size * sizeof(T), kLine));
      size_ = size;
      std::memset(data_, 0, size * sizeof(T));
    }
    return data_;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  size_t size() const { return size_; }
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }

 private:
  static constexpr std::align_val_t kLine{64};

  void release() {
    if (data_ != nullptr) ::operator delete(data_, kLine);
    data_ = nullptr;
    size_ = 0;
  }

  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace gossamer::encoder
