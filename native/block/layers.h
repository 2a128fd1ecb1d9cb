// A geometric scale of upper bounds for impacts. Postings of a term are stored strongest first with the layer of each few of
// them, so that a search can stop reading a list where what is left of it cannot matter (Anh, de Kretser & Moffat 2001;
// Lin & Trotman 2015).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace gossamer::block {

inline constexpr size_t kLayers = 64;
inline constexpr double kLayerRatio = 1.12;  // the lowest layer holds everything below a thousandth of the largest

struct Layers {
  std::array<float, kLayers> top{};  // ascending; no impact of layer l exceeds top[l]

  static Layers up_to(float largest) {
    Layers layers;
    double bound = largest;
    for (size_t l = kLayers; l-- > 0; bound /= kLayerRatio) layers.top[l] = static_cast<float>(bound);
    layers.top[kLayers - 1] = largest;
    return layers;
  }
  uint8_t of(float impact) const {
    const auto found = std::lower_bound(top.begin(), top.end() - 1, impact);
    return static_cast<uint8_t>(found - top.begin());
  }
};

}  // namespace gossamer::block
