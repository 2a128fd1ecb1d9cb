#include "block/match.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "cpu.h"

namespace gossamer::block {

uint16_t to_half(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const float size = std::fabs(value);
  if (size >= 65504.0f) return sign | 0x7bff;
  if (size < 6.103515625e-5f)  // subnormal: a multiple of 2^-24
    return static_cast<uint16_t>(sign | static_cast<uint16_t>(std::nearbyint(size * 16777216.0f)));
  const uint32_t rounded = (bits & 0x7fffffff) + 0xfff + (bits >> 13 & 1);
  return static_cast<uint16_t>(sign | ((rounded - (112u << 23)) >> 13));
}

float from_half(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000u} << 16, magnitude = half & 0x7fffu;
  if (magnitude < 0x400) {
    const float value = static_cast<float>(magnitude) * 5.9604644775390625e-8f;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign | ((magnitude << 13) + (112u << 23)));
}

namespace {

class Portable {
 public:
  template <class Column, class Value>
  static size_t match(const void* columns, const void* values, size_t n, const DenseQuery& query, uint32_t limit, float* weights,
                      float* impacts) {
    const auto* c = static_cast<const Column*>(columns);
    const auto* v = static_cast<const Value*>(values);
    size_t found = 0;
    for (size_t i = 0; i < n; ++i) {  // without a branch: whether a column matches is hard to foresee
      const float weight = query.weights()[at(c[i], limit)];
      weights[found] = weight;
      impacts[found] = decoded(v[i]);
      found += weight != 0 ? 1 : 0;
    }
    return found;
  }

 private:
  template <class Value>
  static float decoded(Value value) {
    if constexpr (sizeof(Value) == 2) return from_half(value);
    else return static_cast<float>(value);
  }
  template <class Column>
  static uint32_t at(Column column, uint32_t limit) {
    return sizeof(Column) == 4 ? std::min<uint32_t>(column, limit) : column;
  }
};

}  // namespace

MatchKernel match_kernel_portable(bool wide, ValueKind kind) { return kernel_of<Portable>(wide, kind); }

MatchKernel match_kernel(bool wide, ValueKind kind) {
  switch (cpu_level()) {
#if defined(__x86_64__)
    case CpuLevel::avx512: return match_kernel_avx512(wide, kind);
    case CpuLevel::avx2: return match_kernel_avx2(wide, kind);
#endif
    default: return match_kernel_portable(wide, kind);  // without a gather of its own, vector code gains nothing
  }
}

}  // namespace gossamer::block
