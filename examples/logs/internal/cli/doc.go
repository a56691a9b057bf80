// Package cli is what the command lines of the log programs have in common:
// flags whose values have ranges, a configuration file that sets the same flags,
// refusals in one voice, exit codes, and a log that repeats itself once a second
// at most.
//
// A refused value reads the same wherever it was given:
//
//	-batches "1": want 2 to 65536
//	logserver.conf:7: batches "1": want 2 to 65536
package cli
