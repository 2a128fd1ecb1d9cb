#include "cpu.h"

#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace gossamer {

namespace {

bool has(CpuLevel level) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  switch (level) {
    case CpuLevel::avx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("bmi2");
    case CpuLevel::avx2: return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
    case CpuLevel::neon: return false;
    case CpuLevel::portable: return true;
  }
  return false;
#elif defined(__aarch64__)
  return level == CpuLevel::portable || level == CpuLevel::neon;
#else
  return level == CpuLevel::portable;
#endif
}

CpuLevel choose() {
  constexpr CpuLevel best_first[] = {CpuLevel::avx512, CpuLevel::avx2, CpuLevel::neon, CpuLevel::portable};
  if (const char* forced = std::getenv("GOSSAMER_CPU"); forced != nullptr && *forced != '\0') {
    for (CpuLevel level : best_first)
      if (std::string_view(forced) == cpu_level_name(level)) {
        if (!has(level)) throw std::invalid_argument(std::string("GOSSAMER_CPU=") + forced + ": this processor lacks it");
        return level;
      }
    throw std::invalid_argument(std::string("GOSSAMER_CPU=") + forced + ": use avx512, avx2, neon or portable");
  }
  for (CpuLevel level : best_first)
    if (has(level)) return level;
  return CpuLevel::portable;
}

}  // namespace

CpuLevel cpu_level() {
  static const CpuLevel level = choose();
  return level;
}

const char* cpu_level_name(CpuLevel level) {
  switch (level) {
    case CpuLevel::avx512: return "avx512";
    case CpuLevel::avx2: return "avx2";
    case CpuLevel::neon: return "neon";
    case CpuLevel::portable: return "portable";
  }
  return "portable";
}

std::vector<std::string> cpu_features() {
  std::vector<std::string> found;
#if defined(__x86_64__)
  __builtin_cpu_init();
#define GOSSAMER_FEATURE(name) \
  if (__builtin_cpu_supports(name)) found.emplace_back(name)
  GOSSAMER_FEATURE("sse4.2");
  GOSSAMER_FEATURE("avx");
  GOSSAMER_FEATURE("avx2");
  GOSSAMER_FEATURE("fma");
  GOSSAMER_FEATURE("bmi2");
  GOSSAMER_FEATURE("avx512f");
  GOSSAMER_FEATURE("avx512bw");
  GOSSAMER_FEATURE("avx512vl");
  GOSSAMER_FEATURE("avx512vnni");
#undef GOSSAMER_FEATURE
#elif defined(__aarch64__)
  found.emplace_back("neon");
#endif
  return found;
}

}  // namespace gossamer
