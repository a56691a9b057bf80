// This file makes the compiler accept the bodyless declarations of this
// package.
