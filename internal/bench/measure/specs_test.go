package measure

import (
	"slices"
	"testing"
)

func TestParseSpecs(t *testing.T) {
	kinds := []string{"std", "uring", "events"}
	got, err := ParseSpecs("std,uring:mode=shared,recv=multishot,uring,std,uring:off", kinds)
	if err != nil {
		t.Fatal(err)
	}
	want := []Spec{
		{"std", "std", ""},
		{"uring:mode=shared,recv=multishot", "uring", "mode=shared,recv=multishot"},
		{"uring", "uring", ""},
		{"std#2", "std", ""},
		{"uring:off", "uring", "off"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("servers %v, want %v", got, want)
	}
	for _, bad := range []string{"", "nginx", "std,nginx", "uring,recv=multishot"} {
		if got, err := ParseSpecs(bad, kinds); err == nil {
			t.Errorf("%q: no error but %v", bad, got)
		}
	}
}
