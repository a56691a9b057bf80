// Package doctest holds the tests that keep the documents equal to the code: settings,
// features, counters, flags, commands, links, and what thresholds cite.
package doctest
