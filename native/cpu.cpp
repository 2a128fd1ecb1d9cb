#include "cpu.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <stdexcept>
#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace gossamer {

namespace {

#if defined(__x86_64__)

// CPUID is asked directly: __builtin_cpu_supports needs libgcc's tables, and under another runtime (the wheels are linked
// by zig) silently answers no.
enum Register { kEbx, kEcx };
enum State : uint32_t { kNone = 0, kYmm = 0x06, kZmm = 0xe6 };  // bits of XCR0: what the operating system saves

struct Feature {
  std::string_view name;
  uint32_t leaf;
  Register where;
  int bit;
  State state;
};

constexpr Feature kFeatures[] = {
    {"sse4.2", 1, kEcx, 20, kNone},  {"avx", 1, kEcx, 28, kYmm},       {"fma", 1, kEcx, 12, kYmm},         {"f16c", 1, kEcx, 29, kYmm},
    {"avx2", 7, kEbx, 5, kYmm},      {"bmi2", 7, kEbx, 8, kNone},      {"avx512f", 7, kEbx, 16, kZmm},
    {"avx512bw", 7, kEbx, 30, kZmm}, {"avx512vl", 7, kEbx, 31, kZmm},  {"avx512vnni", 7, kEcx, 11, kZmm},
};

uint32_t saved_state() {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0) return 0;
  uint32_t low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

bool supports(const Feature& feature) {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(feature.leaf, 0, &a, &b, &c, &d) == 0) return false;
  const uint32_t reported = feature.where == kEbx ? b : c;
  return (reported >> feature.bit & 1) != 0 && (saved_state() & feature.state) == feature.state;
}

bool supports(std::string_view name) {
  const auto* found = std::find_if(std::begin(kFeatures), std::end(kFeatures), [&](const Feature& f) { return f.name == name; });
  return found != std::end(kFeatures) && supports(*found);
}

#endif

bool has(CpuLevel level) {
#if defined(__x86_64__)
  switch (level) {
    case CpuLevel::avx512: return supports("avx512f") && supports("avx512bw") && supports("avx512vl") && supports("bmi2");
    case CpuLevel::avx2: return supports("avx2") && supports("fma") && supports("f16c") && supports("bmi2");
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

bool cpu_has_vnni() {
#if defined(__x86_64__)
  return supports("avx512vnni");
#else
  return false;
#endif
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
  for (const Feature& feature : kFeatures)
    if (supports(feature)) found.emplace_back(feature.name);
#elif defined(__aarch64__)
  found.emplace_back("neon");
#endif
  return found;
}

}  // namespace gossamer
