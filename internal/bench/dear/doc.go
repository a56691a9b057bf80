// Package dear makes the system calls of a server dearer, as seccomp profiles,
// audit rules and mitigations of older processors do, to a cost that is measured.
package dear
