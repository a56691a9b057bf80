package main

import (
	"fmt"
	"io"
	"strings"
)

// writeDiagnosis writes what was asked for.
func writeDiagnosis(w io.Writer, r *Report) {
	s := &r.System
	fmt.Fprintf(w, "%s/%s, kernel %s, %d CPUs (%s), %s\n\n", s.OS, s.Arch, known(s.Kernel), s.CPUs, known(s.CPUModel), s.Go)
	writeVerdictOfSystem(w, &r.IOUring)
	if s.OS == "linux" {
		writeSystem(w, s)
	}
	writeEngine(w, &r.Engine)
	if c := r.SyscallCost; c.GetppidNs > 0 {
		item(w, "a system call costs", fmt.Sprintf("%d ns (getppid), %d ns (recvfrom of no socket)", c.GetppidNs, c.RecvfromNs))
	}
	fmt.Fprint(w, `
A seccomp filter that kills or traps, in place of refusing with an errno, ends any
program that asks for io_uring, at its first engine; no library can survive that.
URINGNET=off does not touch io_uring at all.

`)
}

func writeVerdictOfSystem(w io.Writer, u *IOUring) {
	if u.Usable {
		fmt.Fprintln(w, "io_uring can be used.")
		return
	}
	fmt.Fprintf(w, "io_uring is not used: %s\n", u.Reason)
	for _, c := range u.Causes {
		item(w, "cause", c.Name+": "+c.Why)
		item(w, "change", c.Change)
	}
}

// writeSystem writes what Linux says.
func writeSystem(w io.Writer, s *System) {
	seccomp := known(s.Seccomp)
	if s.Filters > 0 {
		seccomp = fmt.Sprintf("%d filter(s)", s.Filters)
	}
	memlock := s.Memlock.words(" bytes")
	if s.IPCLock {
		memlock += "; does not count, with CAP_IPC_LOCK"
	}
	disabled := s.Disabled
	if disabled == "" {
		disabled = "not there (it came with kernel 6.6)"
	}
	for _, line := range [][2]string{
		{"seccomp", seccomp},
		{"sysctl io_uring_disabled", disabled},
		{"container", none(s.Container)},
		{"RLIMIT_MEMLOCK", memlock},
		{"RLIMIT_NOFILE", s.NoFile.words("")},
		{"URINGNET", none(s.Env)},
	} {
		item(w, line[0], line[1])
	}
}

// writeEngine writes how uringnet runs.
func writeEngine(w io.Writer, e *Engine) {
	fmt.Fprintln(w, "\nuringnet's default engine:")
	if e.Rings == 0 {
		item(w, "status", e.Status)
	} else {
		item(w, "mode", fmt.Sprintf("%s, %d ring(s) or loop(s)", e.Mode, e.Rings))
	}
	if e.EnvError != "" {
		item(w, "URINGNET ignored", e.EnvError)
	}
	if e.Transfer != "" {
		item(w, "transfer", e.Transfer+": "+e.TransferReason)
	}
	if e.IOUring {
		item(w, "features in use", list(e.Features))
		item(w, "features missing", missing(e.Missing))
		item(w, "switched off", list(e.SwitchedOff))
		item(w, "denied for kernel bugs", list(e.Denied))
	}
	for _, n := range e.Notes {
		item(w, "note", n)
	}
	for _, m := range e.Modes {
		writeMode(w, &m)
	}
}

func writeMode(w io.Writer, m *Mode) {
	how := "works"
	if !m.Works {
		how = "does not work: " + m.Reason
	}
	if len(m.Denied) > 0 {
		how += "; denied for kernel bugs: " + list(m.Denied)
	}
	for _, n := range m.Notes {
		how += "; " + n
	}
	item(w, "mode "+m.Mode, how)
}

// writeSideBySide writes the figures and what they mean.
func writeSideBySide(w io.Writer, s *SideBySide) {
	if s.Left != "" {
		fmt.Fprintf(w, "No side by side: %s.\n", s.Left)
		return
	}
	fmt.Fprintf(w, "std net and uringnet in turns, over loopback, sharing two CPUs with the load: %d connections,\n"+
		"%d turns of %d ms each (at a constant rate up to four times as long); x: uringnet to std in the\n"+
		"turn beside it, median and quartiles.\n", s.Conns, s.Pairs, s.SliceMs)
	if s.Uring != "" && !s.IOUring {
		fmt.Fprintf(w, "uringnet ran without io_uring: %s.\n", s.Uring)
	}
	fmt.Fprintf(w, "\n%-26s %-9s %9s %11s %-17s %8s %-17s %8s %s\n",
		"load", "server", "req/s", "CPU us/req", "x", "p50 us", "x", "p99 us", "x")
	for i := range s.Loads {
		writeLoad(w, &s.Loads[i])
	}
	fmt.Fprintln(w, "\nVerdict, by CPU time for each request:")
	for _, l := range s.Loads {
		item(w, l.Name, l.Words)
	}
}

func writeLoad(w io.Writer, l *Load) {
	if l.Failed != "" {
		first, _, _ := strings.Cut(l.Failed, "\n")
		fmt.Fprintf(w, "%-26s not measured: %s\n", l.Name, first)
		return
	}
	line := func(name, server string, f Figures, cpu, p50, p99 string) {
		text := fmt.Sprintf("%-26s %-9s %9.0f %11.2f %-17s %8.0f %-17s %8.0f %-17s", name, server, f.PerSecond, f.CPUUs, cpu, f.P50Us, p50, f.P99Us, p99)
		fmt.Fprintln(w, strings.TrimRight(text, " "))
	}
	line(l.Name, "std", l.Std, "1", "1", "1")
	line("", "uringnet", l.Uring, l.CPU.String(), l.P50.String(), l.P99.String())
	for _, n := range l.Notes {
		fmt.Fprintf(w, "%-26s %s\n", "", n)
	}
}

// String writes a ratio as "0.82 (0.80-0.84)".
func (r Ratio) String() string { return fmt.Sprintf("%.2f (%.2f-%.2f)", r.Median, r.Q1, r.Q3) }

// item writes a line with a name.
func item(w io.Writer, name, value string) { fmt.Fprintf(w, "  %-26s %s\n", name, value) }

func known(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func none(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func list(names []string) string { return none(strings.Join(names, ", ")) }

func missing(features []Missed) string {
	names := make([]string, len(features))
	for i, m := range features {
		names[i] = fmt.Sprintf("%s (kernel %s)", m.Feature, m.Kernel)
	}
	return list(names)
}
