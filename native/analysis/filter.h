// What turns one word into its term: elision, spelling, stop words, stemming.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "analysis/analyzer.h"
#include "analysis/letters.h"
#include "hash.h"

struct SN_env;

namespace gossamer {

struct Stemmer {
  const char* name;
  SN_env* (*create)();
  void (*close)(SN_env*);
  int (*stem)(SN_env*);
  std::string_view (*light)(std::string_view word, std::string& out);  // instead of the three, where it is none of Snowball's
};

class WordFilter {
 public:
  WordFilter(const FilterConfig& config, bool fold_accents);

  // A thread's working memory.
  class Memory {
   public:
    Memory() = default;
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory();

   private:
    friend WordFilter;
    const Stemmer* stemmer_ = nullptr;
    SN_env* environment_ = nullptr;
    std::string spelled_, folded_, stem_;
  };

  // The term of a word, or an empty view. Valid until the next call with this memory.
  std::string_view operator()(std::string_view word, Memory& memory) const;

  bool keeps_first_byte() const;

 private:
  std::string_view respelled(std::string_view word, Memory& memory) const;

  std::unordered_set<std::string, StringHash, std::equal_to<>> stop_words_, elisions_;  // looked up by view, without a copy
  const Stemmer* stemmer_;
  Letters letters_;
  bool fold_accents_;
};

}  // namespace gossamer
