#include "bindings.h"

#include "cpu.h"

NB_MODULE(_native, m) {
  using namespace gossamer;
  bind_analysis(m);
  bind_index(m);
  bind_block(m);
  bind_traversals(m);
  bind_seismic(m);
  bind_words(m);
  bind_wordpiece(m);
  bind_encoder(m);
  m.def("cpu_level", [] { return cpu_level_name(cpu_level()); });
  m.def("cpu_features", &cpu_features);
}
