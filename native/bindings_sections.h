// Sections of a file between Python's buffers and the native core.
#pragma once

#include <nanobind/ndarray.h>

#include "bindings.h"
#include "block/match.h"
#include "index/layout.h"

namespace gossamer {

// A buffer that native code reads without the GIL; released with it.
inline std::shared_ptr<const Py_buffer> hold_buffer(nb::handle object) {
  auto* view = new Py_buffer;
  if (PyObject_GetBuffer(object.ptr(), view, PyBUF_SIMPLE) != 0) {
    delete view;
    nb::raise_python_error();
  }
  return {view, [](Py_buffer* held) {
            const nb::gil_scoped_acquire gil;
            PyBuffer_Release(held);
            delete held;
          }};
}

// The sections in {name: buffer}; valid while `buffers` lives.
inline SectionBytes held_sections(nb::dict sections, std::vector<std::shared_ptr<const Py_buffer>>& buffers) {
  SectionBytes bytes;
  for (auto [name, buffer] : sections) {
    const auto& held = buffers.emplace_back(hold_buffer(buffer));
    bytes[nb::cast<std::string>(name)] = {static_cast<const uint8_t*>(held->buf), static_cast<size_t>(held->len)};
  }
  return bytes;
}

// The sections of a mapped file at {name: (offset, length)}; valid while `owner` lives.
inline SectionBytes mapped_sections(nb::handle file, nb::dict places, std::shared_ptr<const void>& owner) {
  const auto buffer = hold_buffer(file);
  SectionBytes bytes;
  for (auto [name, place] : places) {
    const auto offset = nb::cast<uint64_t>(place[0]), length = nb::cast<uint64_t>(place[1]);
    const auto size = static_cast<uint64_t>(buffer->len);
    if (offset > size || length > size - offset || offset % 64 != 0) throw Damaged("section table: a section lies outside the file");
    bytes[nb::cast<std::string>(name)] = {static_cast<const uint8_t*>(buffer->buf) + offset, length};
  }
  owner = buffer;
  return bytes;
}

// (name, kind, required, bytes) of each section; the bytes live as long as Python wants them.
inline nb::list sections_list(const std::vector<Section>& sections) {
  nb::list out;
  for (const Section& section : sections) {
    auto* owner = new std::shared_ptr<const void>(section.owner);
    nb::capsule capsule(owner, [](void* p) noexcept { delete static_cast<std::shared_ptr<const void>*>(p); });
    const nb::ndarray<nb::numpy, const uint8_t, nb::ndim<1>> bytes(section.data, {section.bytes}, capsule);
    out.append(nb::make_tuple(section.name, section.kind, section.required, nb::cast(bytes)));
  }
  return out;
}

inline block::ValueKind kind_of_name(const std::string& name) {
  if (name == "f32") return block::ValueKind::f32;
  if (name == "f16") return block::ValueKind::f16;
  if (name == "u8") return block::ValueKind::u8;
  throw std::invalid_argument("values are f32, f16 or u8");
}

}  // namespace gossamer
