package cli

import (
	"net"
	"slices"
	"testing"
)

// loopback is the name of the interface that is only for this machine.
func loopback(t testing.TB) string {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(i net.Interface) bool { return i.Flags&net.FlagLoopback != 0 })
	if i < 0 {
		t.Skip("there is no loopback interface")
	}
	return all[i].Name
}

func TestLAN(t *testing.T) {
	lo := loopback(t)
	for word, want := range map[string]struct {
		ok, off bool
		names   []string
		port    int
	}{
		"":                  {ok: true},
		"off":               {ok: true, off: true},
		lo:                  {ok: true, names: []string{lo}},
		" " + lo + ",":      {ok: true, names: []string{lo}},
		lo + ":7000":        {ok: true, names: []string{lo}, port: 7000},
		":7000":             {ok: true, port: 7000},
		":70000":            {},
		":":                 {},
		"no such interface": {},
	} {
		a := &app{getenv: func(name string) string { return map[string]string{"BARGEE_LAN": word}[name] }}
		o, err := a.lan()
		if (err == nil) != want.ok {
			t.Errorf("%q: %v", word, err)
		}
		if err == nil && ((o == nil) != want.off || o != nil && (!slices.Equal(o.Interfaces, want.names) || o.Port != want.port)) {
			t.Errorf("%q: %+v", word, o)
		}
	}
}
