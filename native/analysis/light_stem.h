// A stemmer that takes off the endings of number and gender and leaves the rest of a word as it is.
//
// Savoy, "A Stemming Procedure and Stopword List for General French Corpora" (1999); compared with Snowball's in Savoy,
// "Light Stemming Approaches for the French, Portuguese, German and Hungarian Languages" (2006).
#pragma once

#include <string>
#include <string_view>

namespace gossamer {

// The stem of a case-folded French word: its beginning, or in `out` where -aux becomes -al. Unlike Savoy's "minimal" stemmer
// this one counts the letters of the singular, so that "école" and "écoles" are one.
std::string_view french_light(std::string_view word, std::string& out);

}  // namespace gossamer
