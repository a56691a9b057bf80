package main

import (
	"bytes"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestEscape checks each kind of character, as it is printed on a terminal.
func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "",
		"plain text, 'quoted' \"too\"":   "plain text, 'quoted' \"too\"",
		"<13>1 - h a - - [a b=\"c\"]":    "<13>1 - h a - - [a b=\"c\"]",
		`\`:                              `\\`,
		`\x1b`:                           `\\x1b`,
		`C:\new\x00`:                     `C:\\new\\x00`,
		"\n":                             `\n`,
		"\r\n":                           `\r\n`,
		"\t":                             `\t`,
		"\x00\x1b[2J\x1f\x7f":            `\x00\x1b[2J\x1f\x7f`,
		"\u0080\u0085\u009b31m\u009f":    `\u0080\u0085\u009b31m\u009f`, // C1: NEL, CSI
		"\x9b31m":                        `\x9b31m`,                     // CSI of 8-bit terminals
		"\xff\xc3(\xe2\x82":              `\xff\xc3(\xe2\x82`,
		"\xed\xa0\x80":                   `\xed\xa0\x80`, // a surrogate
		"\xc0\xaf":                       `\xc0\xaf`,     // not the shortest form
		"\u202a\u202b\u202c\u202d\u202e": `\u202a\u202b\u202c\u202d\u202e`,
		"\u2066\u2067\u2068\u2069":       `\u2066\u2067\u2068\u2069`,
		"\u200e\u200f\u061c":             `\u200e\u200f\u061c`,
		"\u2028\u2029":                   `\u2028\u2029`,
		"a\u200bb\u200c\u200d\u2060":     `a\u200bb\u200c\u200d\u2060`,
		"\ufeff\u00ad\u180e\u034f":       `\ufeff\u00ad\u180e\u034f`,
		"\u115f\u1160\u3164\uffa0":       `\u115f\u1160\u3164\uffa0`, // Hangul that is not seen
		"\ufe0e\ufe0f\U000e0100":         `\ufe0e\ufe0f\U000e0100`,
		"\U000e0001\U000e0041":           `\U000e0001\U000e0041`, // tags
		"\U0001d173":                     `\U0001d173`,           // a beam of musical notes begins
		"\ue000\U0010ffff\u0378\ufffe":   `\ue000\U0010ffff\u0378\ufffe`,
		"\ufffd":                         "\ufffd",
		"\u00e4\u00df\u65e5\u672c\u0439": "\u00e4\u00df\u65e5\u672c\u0439",
		"\u05d0\u0628\u0915\u094d\u0937": "\u05d0\u0628\u0915\u094d\u0937",
		"e\u0301 \u00a0\u3000\u20ac":     "e\u0301 \u00a0\u3000\u20ac",
		"\U0001f600\U0001f1e9\u2764":     "\U0001f600\U0001f1e9\u2764",
	} {
		if got := string(escapeAll.append([]byte("> "), []byte(text))); got != "> "+want {
			t.Errorf("%q: %s; want %s", text, got, want)
		}
	}
}

// unescape undoes escapeAll.
func unescape(t *testing.T, s string) string {
	t.Helper()
	undo := func(e string) string {
		switch e[1] {
		case '\\':
			return `\`
		case 'n':
			return "\n"
		case 'r':
			return "\r"
		case 't':
			return "\t"
		}
		n, err := strconv.ParseUint(e[2:], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		if e[1] == 'x' {
			return string([]byte{byte(n)})
		}
		return string(rune(n))
	}
	if left := escapes.ReplaceAllString(s, ""); strings.Contains(left, `\`) {
		t.Fatalf("%q has a backslash that begins no escape", s)
	}
	return escapes.ReplaceAllStringFunc(s, undo)
}

var escapes = regexp.MustCompile(`\\(?:[\\nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})`)

// FuzzEscape escapes anything: the result is UTF-8 of characters that are shown as
// themselves, and what it was made of can be told from it.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"a\\n\n", "\x1b[2J\u202e\u2028\\u202e", "\xff\\xff\u0085", "\U000e0041\\\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := string(escapeAll.append(nil, []byte(text)))
		for _, r := range got {
			if !plain(r) || r < ' ' {
				t.Fatalf("%q is printed as %q", text, got)
			}
		}
		if back := unescape(t, got); !utf8.ValidString(got) || back != text {
			t.Errorf("%q is printed as %q, which is read as %q", text, got, back)
		}
		if strings.ContainsAny(string(escapeControls.append(nil, []byte(text))), "\n\r\x00\x1b\x7f") {
			t.Errorf("%q: control characters are left", text)
		}
		var out bytes.Buffer
		if n, err := (printable{&out}).Write([]byte(text + "\n")); n != len(text)+1 || err != nil {
			t.Errorf("%q: %d bytes written, %v", text, n, err)
		}
		for line := range strings.Lines(out.String()) {
			for _, r := range strings.TrimSuffix(line, "\n") {
				if !plain(r) {
					t.Errorf("%q passes as %q", text, line)
				}
			}
		}
	})
}

// TestCatEscape checks what -escape makes of a log, in a file and on a terminal.
func TestCatEscape(t *testing.T) {
	c := testConfig(t, modeConns)
	c.tcp = []string{"127.0.0.1:0"}
	s := startServer(t, c)
	const log = "<13>1 - - - - - - tab\tline\nback\\slash \u202eover\u0085\x9b\xff"
	write(t, dial(t, s, "tcp"), asCounted([]string{log}))
	waitStored(t, s, 1)
	stopServer(t, s)
	all := "<13>1 - - - - - - tab\\tline\\nback\\\\slash \\u202eover\\u0085\\x9b\\xff\n"
	today := "<13>1 - - - - - - tab\tline\\nback\\slash \u202eover\u0085\x9b\xff\n"
	for args, want := range map[string]string{
		"": today, "-escape auto": today, "-escape always": all, "-escape never": log + "\n", "-raw": log + "\n", "-n 1 -escape always": all, "-raw -escape always": all,
	} {
		if got, _ := output(t, 0, append(append([]string{"cat"}, strings.Fields(args)...), c.dir)...); got != want {
			t.Errorf("cat %s: %q; want %q", args, got, want)
		}
	}
	if got := onTerminal(t, "cat", c.dir); got != all {
		t.Errorf("on a terminal: %q; want %q", got, all)
	}
	if got := onTerminal(t, "cat", "-escape", "never", c.dir); !strings.Contains(got, "\u202e") {
		t.Errorf("on a terminal, never escaped: %q", got)
	}
	if _, complaint := output(t, 2, "cat", "-escape", "some", c.dir); !strings.Contains(complaint, `"some"`) || !strings.Contains(complaint, "want auto, always or never") {
		t.Errorf("-escape some: %q", complaint)
	}
	help, _ := output(t, 0, "cat", "-h")
	for _, want := range []string{"-escape", `\\  `, `\xHH`, `\uHHHH`, `\UHHHHHHHH`, `\n \r \t`} {
		if !strings.Contains(help, want) {
			t.Errorf("the help does not speak of %s: %s", want, help)
		}
	}
}

// TestPrintable checks the lines of the program's own.
func TestPrintable(t *testing.T) {
	var out bytes.Buffer
	newLog(&out).Warn("x\u202ey", "error", "\x1b[2J\u034f\\", "name", "a\ufe0f")
	if got := out.String(); strings.ContainsAny(got, "\x1b\u202e\u034f\ufe0f") || !strings.Contains(got, `\ufe0f`) || !strings.Contains(got, `\u034f`) || strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "\n") {
		t.Errorf("%q", got)
	}
	out.Reset()
	if n, err := (printable{&out}).Write([]byte("a\nb\\\r\nc")); n != 7 || err != nil || out.String() != "a\nb\\\\r\nc" {
		t.Errorf("%d, %v: %q", n, err, out.String())
	}
	if _, complaint := output(t, 1, "cat", "/no/\u202ename"); strings.Contains(complaint, "\u202e") || !strings.Contains(complaint, `\u202e`) {
		t.Errorf("the error of a command: %q", complaint)
	}
	closed, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	if n, err := (printable{closed}).Write([]byte("a")); n != 0 || err == nil {
		t.Errorf("writing to a closed file: %d, %v", n, err)
	}
}

// TestPageIsPlain checks that text reaches the page through its escape: nothing is set as
// HTML but what is made of numbers, and all else is escaped.
func TestPageIsPlain(t *testing.T) {
	own := regexp.MustCompile("^(?:plain\\(|`up |!at \\? \"\"|at \\? new Date|si\\(v\\)|theme === |text;)")
	found := regexp.MustCompile(`textContent = (.*)`).FindAllStringSubmatch(strings.ReplaceAll(string(page), "; ", ";\n"), -1)
	if len(found) < 8 {
		t.Errorf("%d places where text is set", len(found))
	}
	for _, m := range found {
		if !own.MatchString(m[1]) {
			t.Errorf("not escaped: %s", m[0])
		}
	}
	for _, m := range regexp.MustCompile(`innerHTML = (.*)`).FindAllStringSubmatch(string(page), -1) {
		if !strings.HasPrefix(m[1], "`<h2>${c.title}") && !strings.HasPrefix(m[1], "`<div><span style=\"width:${100 * counts[i] / most}%") && m[1] != "c.main(s);" {
			t.Errorf("set as HTML: %s", m[0])
		}
	}
}
