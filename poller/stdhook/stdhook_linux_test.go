package stdhook

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/uringnet/go-uringnet/poller"
)

func TestConfigure(t *testing.T) {
	for value, want := range map[string]struct {
		off      bool
		transfer poller.Transfer
		wrong    bool
	}{
		"": {}, "on": {}, "mode=dedicated": {}, "force,mode=sqpoll,rings=2": {},
		"off":                    {off: true},
		"on,off":                 {off: true},
		"transfer=direct":        {transfer: poller.TransferDirect},
		"force,transfer=ring,on": {transfer: poller.TransferRing},
		"transfer=nonsense":      {wrong: true},
	} {
		engine.env.Store(nil)
		var cfg poller.Config
		off := configure(&cfg, value)
		if off != want.off || cfg.Transfer != want.transfer {
			t.Errorf("URINGNET=%s: off %v, transfer %v", value, off, cfg.Transfer)
		}
		text := engine.env.Load()
		if (text != nil) != want.wrong || text != nil && !strings.Contains(*text, value) {
			t.Errorf("URINGNET=%s: what is wrong: %v", value, text)
		}
		var s state
		if err := json.Unmarshal([]byte(Stats()), &s); err != nil || (s.EnvError != "") != want.wrong {
			t.Errorf("URINGNET=%s: %v, %s", value, err, Stats())
		}
	}
}
