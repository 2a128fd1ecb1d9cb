// Which instruction set the kernels use, decided once. GOSSAMER_CPU=avx512|avx2|neon|portable forces a level for tests.
#pragma once

#include <string>
#include <vector>

namespace gossamer {

enum class CpuLevel { portable, neon, avx2, avx512 };

CpuLevel cpu_level();                       // throws std::invalid_argument for a forced level that this machine lacks
bool cpu_has_vnni();                        // beside avx512: products of int8
const char* cpu_level_name(CpuLevel level);
std::vector<std::string> cpu_features();    // what the processor reports, for `doctor`

}  // namespace gossamer
