package uringnet_test

import (
	"fmt"
	"net"
	"reflect"
	"strings"
	"testing"

	"github.com/uringnet/go-uringnet/uringnet"
)

// counterparts are the types of uringnet and of net that have to look alike.
var counterparts = []struct{ ours, nets any }{
	{new(uringnet.TCPConn), new(net.TCPConn)},
	{new(uringnet.UnixConn), new(net.UnixConn)},
	{new(uringnet.TCPListener), new(net.TCPListener)},
	{new(uringnet.UnixListener), new(net.UnixListener)},
	{new(uringnet.Dialer), new(net.Dialer)},
	{new(uringnet.ListenConfig), new(net.ListenConfig)},
}

// ownTypes are net's types whose place uringnet's take in signatures.
var ownTypes = strings.NewReplacer("*uringnet.", "*net.")

// Every method of net's types is there with the same signature.
func TestMethodSets(t *testing.T) {
	for _, c := range counterparts {
		ours, nets := reflect.TypeOf(c.ours), reflect.TypeOf(c.nets)
		for i := range nets.NumMethod() {
			want := nets.Method(i)
			got, ok := ours.MethodByName(want.Name)
			if !ok {
				t.Errorf("%v lacks %s", ours, want.Name)
				continue
			}
			if g, w := ownTypes.Replace(got.Type.String()), want.Type.String(); g != w {
				t.Errorf("%v.%s is %s; want %s", ours, want.Name, g, w)
			}
		}
	}
}

// Every exported field of net's Dialer and ListenConfig is there.
func TestFields(t *testing.T) {
	for _, c := range counterparts {
		ours, nets := reflect.TypeOf(c.ours).Elem(), reflect.TypeOf(c.nets).Elem()
		for i := range nets.NumField() {
			want := nets.Field(i)
			if !want.IsExported() {
				continue
			}
			if got, ok := ours.FieldByName(want.Name); !ok || got.Type != want.Type {
				t.Errorf("%v.%s is %v; want %v", ours, want.Name, got.Type, want.Type)
			}
		}
	}
}

// The zero values and the nil pointers answer as net's do.
func TestZeroValues(t *testing.T) {
	for _, c := range counterparts[:4] {
		for _, nilPointer := range []bool{false, true} {
			ours, nets := reflect.ValueOf(c.ours), reflect.ValueOf(c.nets)
			if nilPointer {
				ours, nets = reflect.Zero(ours.Type()), reflect.Zero(nets.Type())
			}
			for i := range nets.NumMethod() {
				name := nets.Type().Method(i).Name
				got, want := callZero(ours, name), callZero(nets, name)
				if strings.Contains(want, "panic") {
					continue // whatever ours does is no worse
				}
				if got != want {
					t.Errorf("%v(nil: %v).%s() = %s; want %s", ours.Type(), nilPointer, name, got, want)
				}
			}
		}
	}
}

// callZero calls a method with zero arguments.
func callZero(v reflect.Value, name string) (result string) {
	defer func() {
		if p := recover(); p != nil {
			result = fmt.Sprintf("panic(%v)", p)
		}
	}()
	m := v.MethodByName(name)
	args := make([]reflect.Value, m.Type().NumIn())
	for i := range args {
		args[i] = reflect.Zero(m.Type().In(i))
	}
	var out []string
	for _, r := range m.Call(args) {
		out = append(out, fmt.Sprint(r.Interface()))
	}
	return strings.Join(out, ", ")
}
