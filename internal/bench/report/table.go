package report

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/uringnet/go-uringnet/internal/bench/measure"
)

// busyIdle is the share of a CPU above which a server that should be idle is
// worth a note: it takes that from the others.
const busyIdle = 0.03

// muchSteal is the CPU time that the host took in a cell above which it is
// worth a note.
const muchSteal = 0.1

// Printer writes tables as cells come in.
type Printer struct {
	W        io.Writer
	Markdown bool
	machine  string // that the tables are of
	title    string // of the table under way
	conns    int    // of the cell under way
	notes    []string
}

// widths are those of the columns of a plain table.
var widths = []int{5, -24, 8, 16, 10, 16, 6, 12, 12, 8, 16, 8, 16, 15}

// Host writes what is to be known before the tables.
func (p *Printer) Host(h measure.Host) {
	p.machine = h.Line()
	lines := []string{h.Command, p.machine + "; " + h.Time.Format("2006-01-02 15:04 MST"), "system calls: " + h.Syscalls}
	if p.Markdown {
		fmt.Fprintf(p.W, "```\n%s\n```\n", strings.Join(lines, "\n"))
		return
	}
	fmt.Fprintln(p.W, strings.Join(lines, "\n"))
}

// Status writes how each server of a cell runs.
func (p *Printer) Status(c measure.Cell) {
	for _, s := range c.Servers {
		env := ""
		if s.Env != "" {
			env = " (URINGNET=" + s.Env + ")"
		}
		if p.Markdown {
			fmt.Fprintf(p.W, "\n- `%s`%s: %s", s.Name, env, s.Status)
		} else {
			fmt.Fprintf(p.W, "%s%s: %s\n", s.Name, env, s.Status)
		}
	}
	if p.Markdown {
		fmt.Fprintln(p.W)
	}
}

// Cell writes the rows of a cell, under a heading where a new table begins.
func (p *Printer) Cell(c measure.Cell) {
	p.conns = c.Conns
	if t := title(c); t != p.title {
		p.Close()
		p.title = t
		p.heading(c)
	}
	for _, r := range Rows(c) {
		p.line(r.cells(c.Conns))
		if r.IdleCPU > busyIdle {
			p.note("%s took %.0f %% of a CPU while it had nothing to do", r.Server, 100*r.IdleCPU)
		}
	}
	for _, n := range Disturbance(c) {
		p.note("%s", n)
	}
}

// Disturbance says what else ran while a cell was measured, if it is worth a
// note.
func Disturbance(c measure.Cell) (notes []string) {
	base := c.Servers[0]
	all, used := len(base.Slices), len(base.Usable())
	switch {
	case base.Clean() == nil:
		notes = append(notes, fmt.Sprintf("other processes took %.0f %% of a CPU, in nearly all of %d rounds: do not trust this cell", 100*c.Others, all))
	case used < all:
		notes = append(notes, fmt.Sprintf("%d rounds of %d left out: other processes took too much of the machine", all-used, all))
	}
	if c.Steal > muchSteal {
		notes = append(notes, fmt.Sprintf("the host of this virtual machine took %.0f %% of a CPU", 100*c.Steal))
	}
	return notes
}

// note writes a remark below the rows of a cell.
func (p *Printer) note(format string, args ...any) {
	if !p.Markdown {
		fmt.Fprintf(p.W, "      "+format+"\n", args...)
		return
	}
	p.notes = append(p.notes, fmt.Sprintf("%d connections: ", p.conns)+fmt.Sprintf(format, args...))
}

// Close ends the table under way.
func (p *Printer) Close() {
	if len(p.notes) > 0 {
		fmt.Fprintf(p.W, "\n- %s\n", strings.Join(p.notes, "\n- "))
	}
	p.title, p.notes = "", nil
}

// title names the table that a cell belongs to.
func title(c measure.Cell) string {
	what := "net/http hello"
	if c.Proto == "echo" {
		what = fmt.Sprintf("echo, %d bytes", c.Size)
	}
	if c.Program != "" {
		what = c.Program + ", " + c.Proto
	}
	if c.Rate != 0 && c.Share == 0 {
		what += fmt.Sprintf(" at %.0f/s", c.Rate)
	}
	where := "server alone on one CPU"
	if c.Spin {
		where += ", load polling on another"
	}
	if c.Layout == measure.LayoutTwo {
		where = "server and client share two CPUs"
	}
	return what + ", " + where
}

func (p *Printer) heading(c measure.Cell) {
	note := fmt.Sprintf("x: to %s in the neighbouring slice of %v, median and quartiles", c.Servers[0].Name, c.Slice)
	if !p.Markdown {
		fmt.Fprintf(p.W, "\n%s; %s\n%s\n", p.title, note, p.machine)
		p.line(columns)
		return
	}
	fmt.Fprintf(p.W, "\n**%s** (%s)\n\n%s\n\n", p.title, note, p.machine)
	p.line(columns)
	p.line(strings.Split(strings.Repeat("---: ", len(columns)-1)+"---:", " "))
}

func (p *Printer) line(cells []string) {
	if p.Markdown {
		fmt.Fprintf(p.W, "| %s |\n", strings.Join(cells, " | "))
		return
	}
	var b strings.Builder
	for i, c := range cells {
		fmt.Fprintf(&b, "%*s ", widths[i], c)
	}
	fmt.Fprintln(p.W, strings.TrimRight(b.String(), " "))
}

// WriteJSON writes everything that was measured to a file.
func WriteJSON(file string, r measure.Result) error {
	b, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}
