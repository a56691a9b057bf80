package suite

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Markdown renders everything.
func (r *Result) Markdown() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Benchmark suite\n\n```\n%s\n```\n\n%s\n", strings.Join(r.hostLines(), "\n"), legend)
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "\n- %s", oneLine(n))
	}
	b.WriteByte('\n')
	targets := r.targetTable(r.Verdicts())
	targets.markdown(&b)
	summary := r.summaryTable()
	summary.markdown(&b)
	for _, t := range r.tables() {
		t.markdown(&b)
	}
	return b.Bytes()
}

// tables are those of every cell.
func (r *Result) tables() []table {
	all := tables(r.Groups())
	for i := range r.Idle {
		all = append(all, r.idleTable(&r.Idle[i]))
	}
	return all
}

func (t *table) markdown(w io.Writer) {
	fmt.Fprintf(w, "\n## %s\n", t.title)
	for _, line := range t.machine {
		fmt.Fprintf(w, "\n%s\n", line)
	}
	fmt.Fprintf(w, "\n| %s |\n|%s\n", strings.Join(t.columns, " | "), strings.Repeat(" --- |", len(t.columns)))
	for _, row := range t.rows {
		io.WriteString(w, "|")
		for _, f := range row {
			s := strings.ReplaceAll(f.s, "|", "\\|")
			if f.bad {
				s = "🔴 **" + s + "**"
			}
			fmt.Fprintf(w, " %s |", s)
		}
		io.WriteString(w, "\n")
	}
	for i, r := range t.remarks {
		if i == 0 {
			io.WriteString(w, "\n")
		}
		fmt.Fprintf(w, "- %s\n", r)
	}
}
