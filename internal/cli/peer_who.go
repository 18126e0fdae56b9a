package cli

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/internal/guests"
	"github.com/bargee/bargee/session"
)

func newPeerWho(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "who", Short: "List the peers that are connected to what is served here",
		Long: `List the peers that are connected now to a directory that you serve on this machine, and what they
have under way. What they did is told by bargee history --served, of all time by bargee peer list.`,
		Args: atMost(0),
		RunE: func(*cobra.Command, []string) error { return a.who() },
	}
}

type guestEvent struct {
	Event   string    `json:"event"`
	Name    string    `json:"name,omitempty"`
	Peer    string    `json:"peer"`
	Address string    `json:"address"`
	Version string    `json:"version"`
	Paths   []string  `json:"paths"`
	Since   time.Time `json:"since"`
	Taking  int       `json:"taking"`
	Leaving int       `json:"leaving"`
	Bytes   int64     `json:"bytes"`
	Tree    string    `json:"tree"`
	Process int       `json:"process"`
}

func (a *app) who() error {
	h, err := a.home()
	if err != nil {
		return err
	}
	names, err := a.knownNames()
	if err != nil {
		return err
	}
	serving, err := guests.Now(h.state)
	if err != nil {
		return &problem{what: "ask", where: "who is connected", err: err}
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	n := 0
	for _, s := range serving {
		for _, g := range s.Guests {
			n++
			if a.json {
				a.event(guestEvent{
					"guest", cmp.Or(names[g.Key], g.Called), g.Key, g.Address, g.Agent, g.Paths, g.Since, g.Taking, g.Leaving, g.Bytes, s.Tree, s.Process,
				})
				continue
			}
			fmt.Fprintln(table, strings.Join([]string{
				whoIs(g.Key, g.Called, names), g.Address, strings.Join(g.Paths, ","), g.Agent, "for " + seconds(time.Since(g.Since)), doing(&g), session.Display(s.Tree),
			}, "\t"))
		}
	}
	switch {
	case n > 0:
	case len(serving) == 0:
		a.say("nothing is served here now")
	default:
		a.say("nobody is connected")
	}
	return table.Flush()
}

// doing says what a guest has under way.
func doing(g *guests.Guest) string {
	var parts []string
	if g.Leaving > 0 {
		parts = append(parts, "writes")
	}
	if g.Taking > 0 {
		parts = append(parts, "reads")
	}
	if len(parts) == 0 {
		return "looks"
	}
	return strings.Join(parts, " and ") + ", " + size(g.Bytes) + " so far"
}
