package main

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// browse returns the document that Chromium makes of the live page, when what the page
// asks for has come.
func browse(t *testing.T, s *server) string {
	t.Helper()
	browser := tool(t, "chromium")
	out, err := exec.Command(browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
		"--user-data-dir="+t.TempDir(), "--virtual-time-budget=3000", "--dump-dom", "http://"+s.webAddr.String()+"/").Output()
	if err != nil {
		t.Fatalf("%v, %.1000s", err, out)
	}
	return string(out)
}

// tableRows are the rows of a table's body in a document, as text with a | between cells.
func tableRows(document, id string) (rows []string) {
	_, body, _ := strings.Cut(document, `<tbody id="`+id+`">`)
	body, _, _ = strings.Cut(body, "</tbody>")
	for row := range strings.SplitSeq(body, "</tr>") {
		row = strings.ReplaceAll(row, "</td><td", "|<td")
		if row = regexp.MustCompile(`<[^>]*>`).ReplaceAllString(row, ""); row != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// TestPageSinks checks that the page shows a table of the sinks if there are some, and
// nothing of it else.
func TestPageSinks(t *testing.T) {
	to := testConfig(t, modeConns)
	to.relp, to.http = []string{"127.0.0.1:0"}, "127.0.0.1:0"
	second := startServer(t, to)
	c := testConfig(t, modeConns)
	c.tcp, c.http = []string{"127.0.0.1:0"}, "127.0.0.1:0"
	addr := second.addr("relp").String()
	c.sinks = []string{"relp://" + addr + "?name=second", "relp://<b>h\u202e:1?name=nobody&start=newest"}
	s := startServer(t, c)
	msgs := messages("page", 25)
	write(t, dial(t, s, "tcp"), asLines(msgs))
	waitFor(t, "delivery", func() bool { return s.sinks[0].Counters().Delivered == 25 && s.sinks[0].Counters().LagBytes == 0 })

	var rep report
	_, text := fetch(t, s, "/stats.json")
	if err := json.Unmarshal([]byte(text), &rep); err != nil {
		t.Fatal(err)
	}
	if len(rep.Sinks) != 2 || rep.Sinks[0].Name != "second" || rep.Sinks[0].Target != "relp://"+addr || rep.Sinks[0].Delivered != 25 || !rep.Sinks[0].Connected || rep.Sinks[1].Connected {
		t.Errorf("stats.json: %+v", rep.Sinks)
	}
	if _, text = fetch(t, second, "/stats.json"); !strings.Contains(text, `"sinks":[]`) {
		t.Errorf("without sinks: %s", text)
	}

	document := browse(t, s)
	if strings.Contains(document, `id="sinkcard" hidden`) {
		t.Error("the table is hidden")
	}
	rows := tableRows(document, "sinks")
	if len(rows) != 2 || rows[0] != "second|relp://"+addr+"|yes|0.0 s|0 B|25|0|0|0" || !strings.HasPrefix(rows[1], `nobody|relp://&lt;b&gt;h\u202e:1|no|`) {
		t.Errorf("rows %q", rows)
	}
	if document = browse(t, second); !strings.Contains(document, `id="sinkcard" hidden`) || !strings.Contains(document, ">live<") {
		t.Errorf("without sinks the table is not hidden: %.300s", regexp.MustCompile(`.*sinkcard.*`).FindString(document))
	}
}
