package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/uringnet/go-uringnet/internal/leakcheck"
)

// childEnv makes the test binary a doctor: the one that a test starts, and the
// children that a doctor starts.
const childEnv = "DOCTOR_TEST_CHILD"

// filterEnv names the seccomp filter that such a doctor begins with.
const filterEnv = "DOCTOR_TEST_FILTER"

// patience is how long a test waits for what should come at once.
const patience = 20 * time.Second

// installFilter installs a filter by its name.
var installFilter = func(name string) error { return fmt.Errorf("no filter %s on this system", name) }

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		if name := os.Getenv(filterEnv); name != "" && os.Args[1] != statusCommand && os.Args[1] != serveCommand {
			if err := installFilter(name); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(3)
			}
		}
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	// With the race detector every process would sleep for a second when it ends.
	for name, value := range map[string]string{childEnv: "1", "GORACE": "atexit_sleep_ms=0"} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(leakcheck.Main(m.Run, patience))
}

// short makes a side by side as short as it gets.
var short = []string{"-slice=20ms", "-slices=1", "-conns=2"}

// runs runs the doctor in this process and wants a status.
func runs(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(args, &out, &errs); got != want {
		t.Fatalf("%q: status %d, want %d\n%s%s", args, got, want, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

// decode reads JSON that must have every field of v, and no other.
func decode(t *testing.T, text string, v any) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	var raw any
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		t.Fatal(err)
	}
	hasFields(t, "", reflect.TypeOf(v).Elem(), raw)
}

// hasFields checks that decoded JSON has the fields of a type, and no null.
func hasFields(t *testing.T, path string, typ reflect.Type, raw any) {
	t.Helper()
	switch typ.Kind() {
	case reflect.Struct:
		object, ok := raw.(map[string]any)
		if !ok {
			t.Errorf("%s is %v, want an object", path, raw)
			return
		}
		for f := range typ.Fields() {
			name := f.Tag.Get("json")
			value, ok := object[name]
			if !ok || name == "" {
				t.Errorf("%s has no %q (%s)", path, name, f.Name)
				continue
			}
			hasFields(t, path+"."+name, f.Type, value)
		}
	case reflect.Slice:
		array, ok := raw.([]any)
		if !ok {
			t.Errorf("%s is %v, want an array", path, raw)
		}
		for i, value := range array {
			hasFields(t, fmt.Sprintf("%s[%d]", path, i), typ.Elem(), value)
		}
	default:
		if raw == nil {
			t.Errorf("%s is null", path)
		}
	}
}
