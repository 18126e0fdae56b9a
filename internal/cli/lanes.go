package cli

import (
	"fmt"

	"github.com/spf13/pflag"

	"github.com/bargee/bargee/transport"
)

// addLanes adds the flag that fixes how many lanes a link has.
func addLanes(f *pflag.FlagSet, lanes *int) {
	f.IntVar(lanes, "lanes", 0, "QUIC connections, 1 to 128 (default as many as are useful)")
}

func checkLanes(f *pflag.FlagSet, lanes int) error {
	if f.Changed("lanes") && (lanes < 1 || lanes > transport.MaxLanes) {
		return usage("is not within 1 to 128", "").about("--lanes", fmt.Sprint(lanes))
	}
	return nil
}
