package suite

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"strings"
)

// style needs nothing from elsewhere, and reads well by day and by night.
const style = `:root{color-scheme:light dark;--fg:#222;--bg:#fff;--dim:#777;--line:#ddd;--bad:#c81e1e;--us:#2f8f5b;--std:#4a7fb5;--c:#8a8a8a;--peer:#c9962f}
@media(prefers-color-scheme:dark){:root{--fg:#ddd;--bg:#161616;--dim:#999;--line:#3a3a3a;--bad:#ff6b6b;--us:#57c08a;--std:#7fb2e5;--c:#a0a0a0;--peer:#e0b35a}}
body{font:14px/1.45 sans-serif;color:var(--fg);background:var(--bg);margin:1.5em;max-width:1400px}
h1{font-size:1.5em}h2{font-size:1.2em;margin-top:2em;border-bottom:1px solid var(--line)}h3{font-size:1em;margin:1.2em 0 .2em}
pre{white-space:pre-wrap;color:var(--dim)}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:12px;white-space:nowrap}
th,td{padding:2px 7px;border-bottom:1px solid var(--line);text-align:right}
th{position:sticky;top:0;background:var(--bg)}td.name,th.name{text-align:left}
td.bad{color:var(--bad);font-weight:bold}.remarks{color:var(--dim);font-size:12px}summary{cursor:pointer;color:var(--dim)}
svg{max-width:100%;height:auto;font:11px sans-serif}svg text{fill:var(--fg)}svg .head{fill:var(--dim)}svg .num{font-size:10px;fill:var(--dim)}
svg rect.us,svg circle.us,svg path.us,svg text.us{fill:var(--us)}svg rect.std,svg circle.std,svg path.std,svg text.std{fill:var(--std)}
svg rect.c,svg circle.c,svg path.c,svg text.c{fill:var(--c)}svg rect.peer,svg circle.peer,svg path.peer,svg text.peer{fill:var(--peer)}
svg .bad{fill:var(--bad)}svg .err{stroke:var(--fg);stroke-width:1;fill:none;opacity:.6}svg .grid{stroke:var(--line);fill:none}svg .one{stroke:var(--fg);stroke-dasharray:3 3;fill:none}
`

// HTML renders everything as one file that needs no other.
func (r *Result) HTML() []byte {
	var b bytes.Buffer
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">" +
		"<title>Benchmark suite</title>\n<style>" + style + "</style></head><body>\n<h1>Benchmark suite</h1>\n")
	fmt.Fprintf(&b, "<pre>%s</pre>\n<p>%s</p>\n", html.EscapeString(strings.Join(r.hostLines(), "\n")), html.EscapeString(legend))
	writeList(&b, r.Notes)
	groups := r.Groups()
	b.WriteString("<h2>In every cell</h2>\n<p>Throughput, or what a CPU does at a fixed rate, as ratios: right of the line is better.</p>\n")
	for _, server := range []string{Subject, "events"} {
		plotSummary(&b, groups, server)
	}
	targets := r.targetTable(r.Verdicts())
	targets.html(&b)
	summary := r.summaryTable()
	summary.html(&b)
	r.htmlGroups(&b, groups)
	for i := range r.Idle {
		t := r.idleTable(&r.Idle[i])
		t.html(&b)
	}
	b.WriteString("</body></html>\n")
	return b.Bytes()
}

// htmlGroups writes the plots of the groups, and their tables.
func (r *Result) htmlGroups(w io.Writer, groups []*Group) {
	for len(groups) > 0 {
		title := groups[0].title()
		n := 1
		for n < len(groups) && groups[n].title() == title {
			n++
		}
		t := tables(groups[:n])[0]
		fmt.Fprintf(w, "<h2>%s</h2>\n", html.EscapeString(t.title))
		for _, g := range groups[:n] {
			c := g.Cell()
			fmt.Fprintf(w, "<h3>%s</h3>\n", html.EscapeString(fmt.Sprintf("%s; slices of %v", plural(c.Conns, "connection"), c.Slice)))
			plotGroup(w, g)
		}
		t.title = ""
		io.WriteString(w, "<details><summary>all figures</summary>\n")
		t.html(w)
		io.WriteString(w, "</details>\n")
		writeList(w, t.remarks)
		groups = groups[n:]
	}
}

// html writes a table; remarks only under a title.
func (t *table) html(w io.Writer) {
	if t.title != "" {
		fmt.Fprintf(w, "<h2>%s</h2>\n", html.EscapeString(t.title))
	}
	writeList(w, t.machine)
	io.WriteString(w, "<div class=\"scroll\"><table><tr>")
	for _, c := range t.columns {
		fmt.Fprintf(w, "<th>%s</th>", html.EscapeString(c))
	}
	io.WriteString(w, "</tr>\n")
	for _, row := range t.rows {
		io.WriteString(w, "<tr>")
		for i, f := range row {
			var classes []string
			if i < 2 {
				classes = append(classes, "name")
			}
			if f.bad {
				classes = append(classes, "bad")
			}
			fmt.Fprintf(w, `<td class="%s">%s</td>`, strings.Join(classes, " "), html.EscapeString(f.s))
		}
		io.WriteString(w, "</tr>\n")
	}
	io.WriteString(w, "</table></div>\n")
	if t.title != "" {
		writeList(w, t.remarks)
	}
}

func writeList(w io.Writer, lines []string) {
	if len(lines) == 0 {
		return
	}
	io.WriteString(w, "<ul class=\"remarks\">\n")
	for _, l := range lines {
		fmt.Fprintf(w, "<li>%s</li>\n", html.EscapeString(oneLine(l)))
	}
	io.WriteString(w, "</ul>\n")
}
