package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
)

// examine makes the report. It is printed as far as it goes before an error is
// returned.
func examine(o *options, stdout, stderr io.Writer) error {
	if err := o.checkPorts(); err != nil {
		return err
	}
	engine, err := askEngine()
	if err != nil {
		return err
	}
	r := Report{System: thisSystem(), Engine: engine, SyscallCost: syscallCost()}
	r.IOUring = diagnose(r.System, r.Engine)
	if !o.json {
		writeDiagnosis(stdout, &r)
		fmt.Fprintf(stderr, "doctor: measuring for about %v\n", o.estimate().Round(time.Second))
	}
	r.SideBySide, err = sideBySide(o, engine)
	if o.json {
		if jerr := writeJSON(stdout, r); jerr != nil {
			return jerr
		}
		return err
	}
	writeSideBySide(stdout, &r.SideBySide)
	return err
}

// estimate is how long the side by side takes if nothing disturbs it.
func (o *options) estimate() time.Duration {
	const (
		others = 7                      // slices of a pair of cells that are not timed
		starts = 100 * time.Millisecond // of a cell's servers
	)
	pair := time.Duration(2*2*o.slices+others) * o.slice
	return time.Duration(len(kinds)/2) * (pair + 2*starts)
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "\t")
	return enc.Encode(v)
}
