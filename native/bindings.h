// What the files that know Python share. They convert arguments, check bounds, release the GIL around long work and turn C++
// exceptions into Python's.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <string_view>
#include <vector>

namespace gossamer {

namespace nb = nanobind;
using namespace nb::literals;

void bind_analysis(nb::module_& m);
void bind_index(nb::module_& m);
void bind_block(nb::module_& m);
void bind_traversals(nb::module_& m);
void bind_seismic(nb::module_& m);
void bind_words(nb::module_& m);
void bind_wordpiece(nb::module_& m);
void bind_encoder(nb::module_& m);

// UTF-8 of Python strings, valid while this object lives. A lone surrogate becomes '?', so offsets keep.
class Utf8 {
 public:
  std::string_view operator()(nb::handle text) {
    Py_ssize_t size = 0;
    if (const char* data = PyUnicode_AsUTF8AndSize(text.ptr(), &size)) return {data, static_cast<size_t>(size)};
    PyErr_Clear();
    nb::object bytes = nb::steal(PyUnicode_AsEncodedString(text.ptr(), "utf-8", "replace"));
    if (!bytes.is_valid()) nb::raise_python_error();
    kept_.push_back(bytes);
    return {PyBytes_AS_STRING(bytes.ptr()), static_cast<size_t>(PyBytes_GET_SIZE(bytes.ptr()))};
  }

 private:
  std::vector<nb::object> kept_;
};

inline nb::str to_str(std::string_view utf8) {
  nb::object text = nb::steal(PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "replace"));
  if (!text.is_valid()) nb::raise_python_error();
  return nb::borrow<nb::str>(text);
}

// Ends long work without the GIL where Python has a signal to see to, such as Ctrl-C.
inline void signals_checked() {
  const nb::gil_scoped_acquire locked;
  if (PyErr_CheckSignals() != 0) nb::raise_python_error();
}

}  // namespace gossamer
