package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/bargee/bargee/relay/web"
	"github.com/bargee/bargee/session"
)

const relayKeyLong = `Make, list and revoke the keys of a relay on this machine for those who speak HTTP to it: they go in the
header, Authorization: Bearer bgk_... A relay that runs with the same --data takes a change within a second.

Rights are read, write, delete, list (of what is kept, by tags) and admin (history, statistics, events,
shutdown), or all. A quota is how much of what a key has stored may be there at a time.`

// newRelayKey is bargee relay key.
func newRelayKey(a *app) *cobra.Command {
	data := ""
	cmd := &cobra.Command{
		Use: "key", Short: "Make, list and revoke keys for HTTP", Long: relayKeyLong, Args: onlySubcommands,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&data, "data", "", "the relay's `DIR` (default in the state directory)")
	var k newAPIKey
	fresh := &cobra.Command{
		Use: "new", Short: "Make a key, and print it this once", Args: atMost(0),
		Example: "  bargee relay key new --name ci --rights read,write --quota 20GB --expires 90d",
		RunE:    func(*cobra.Command, []string) error { return a.makeAPIKey(data, &k) },
	}
	fresh.Flags().StringVar(&k.name, "name", "", "call it `NAME`")
	fresh.Flags().StringVar(&k.rights, "rights", "read,write,delete,list", "`RIGHTS`, with commas, or all")
	fresh.Flags().Var(&k.quota, "quota", "it may have so much stored at a time (default as the relay's --store-token-quota)")
	fresh.Flags().StringVar(&k.expires, "expires", "", "it is good until `TIME`: 90d, 12h, a date (default for ever)")
	cmd.AddCommand(fresh, &cobra.Command{
		Use: "list", Short: "List the keys", Args: atMost(0),
		RunE: func(*cobra.Command, []string) error { return a.listAPIKeys(data) },
	}, &cobra.Command{
		Use: "revoke NAME|ID...", Short: "Revoke keys", Args: atLeast(1, "the NAME or ID"),
		RunE: func(_ *cobra.Command, args []string) error { return a.revokeAPIKeys(data, args) },
	}, &cobra.Command{
		Use: "server", Short: "Print the server id, which stands in the addresses of files", Args: atMost(0),
		RunE: func(*cobra.Command, []string) error { return a.showServerID(data) },
	})
	return cmd
}

type newAPIKey struct {
	name, rights, expires string
	quota                 byteCount
}

// An apiKeyEvent is a key that was made, or one of a list.
type apiKeyEvent struct {
	Event   string      `json:"event"`
	ID      string      `json:"id"`
	Key     string      `json:"key,omitempty"`
	Name    string      `json:"name,omitempty"`
	Rights  []web.Right `json:"rights"`
	Quota   int64       `json:"quota,omitempty"`
	Made    time.Time   `json:"made"`
	Expires time.Time   `json:"expires,omitzero"`
	Expired bool        `json:"expired,omitempty"`
}

func newAPIKeyEvent(k web.Key, secret string) apiKeyEvent {
	return apiKeyEvent{"key", k.ID, secret, k.Name, k.Rights, k.Quota, k.Made, k.Expires, k.Expired(time.Now())}
}

func (a *app) makeAPIKey(data string, n *newAPIKey) error {
	rights, err := web.ParseRights(n.rights)
	if err != nil {
		return usage(err.Error(), "for example: --rights read,write").about("--rights", session.Display(n.rights))
	}
	if err := checkTokenName(n.name); err != nil {
		return usage(err.Error(), "").about("--name", session.Display(n.name))
	}
	now := time.Now()
	k, secret := web.NewKey()
	k.Name, k.Rights, k.Quota, k.Made = n.name, rights, n.quota.n, now.UTC().Truncate(time.Second)
	if n.expires != "" {
		if k.Expires, err = parseExpiry(n.expires, now); err != nil {
			return usage(err.Error(), "for example: --expires 30d").about("--expires", session.Display(n.expires))
		}
		k.Expires = k.Expires.UTC().Truncate(time.Second)
	}
	err = a.changeAPIKeys(data, func(keys []web.Key) ([]web.Key, error) {
		switch {
		case len(keys) >= web.MostKeys:
			return nil, fmt.Errorf("there are %d already: revoke some", len(keys))
		case k.Name != "" && slices.ContainsFunc(keys, func(o web.Key) bool { return o.Name == k.Name }):
			return nil, &session.Error{Kind: session.Exists, Err: errors.New("there is one of that name")}
		}
		return append(keys, k), nil
	})
	if err != nil {
		return &problem{what: "make", where: "the key", err: err}
	}
	if a.json {
		a.event(newAPIKeyEvent(k, secret))
		return nil
	}
	a.printf("%s\n", secret)
	a.say("It is not shown again. To take it back: bargee relay key revoke %s", k.ID)
	return nil
}

// changeAPIKeys replaces the keys of a relay by what change makes of them.
func (a *app) changeAPIKeys(data string, change func([]web.Key) ([]web.Key, error)) error {
	dir, err := a.relayDir(data)
	if err != nil {
		return err
	}
	name := filepath.Join(dir, apiKeysFile)
	return locked(name, func() error {
		keys, err := readAPIKeys(name)
		if err != nil {
			return err
		}
		if keys, err = change(keys); err != nil {
			return err
		}
		text, err := web.FormatKeys(keys)
		if err != nil {
			return err
		}
		if err := replaceFile(name, text); err != nil {
			return err
		}
		return os.Chmod(name, 0o644) // digests are no secret, and the relay may be another user
	})
}

func (a *app) listAPIKeys(data string) error {
	dir, err := a.relayDir(data)
	if err != nil {
		return err
	}
	keys, err := readAPIKeys(filepath.Join(dir, apiKeysFile))
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		a.say("no keys; bargee relay key new makes one")
	}
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, k := range keys {
		ev := newAPIKeyEvent(k, "")
		if a.json {
			a.event(ev)
			continue
		}
		fmt.Fprintln(table, ev.line())
	}
	return table.Flush()
}

// line is the key for people.
func (ev apiKeyEvent) line() string {
	words := make([]string, len(ev.Rights))
	for i, r := range ev.Rights {
		words[i] = string(r)
	}
	name, quota, until := session.Display(ev.Name), "no quota of its own", "no end"
	if name == "" {
		name = "-"
	}
	if ev.Quota > 0 {
		quota = size(ev.Quota)
	}
	switch {
	case ev.Expired:
		until = "expired " + ev.Expires.Local().Format(time.DateTime)
	case !ev.Expires.IsZero():
		until = "until " + ev.Expires.Local().Format(time.DateTime)
	}
	return strings.Join([]string{session.Display(ev.ID), name, strings.Join(words, ","), quota, until}, "\t")
}

func (a *app) revokeAPIKeys(data string, args []string) error {
	err := a.changeAPIKeys(data, func(keys []web.Key) ([]web.Key, error) {
		for _, word := range args {
			n := len(keys)
			keys = slices.DeleteFunc(keys, func(k web.Key) bool { return k.ID == word || k.Name != "" && k.Name == word })
			if len(keys) == n {
				return nil, &session.Error{Kind: session.NotFound, Err: fmt.Errorf("there is no key %s", session.Display(word))}
			}
		}
		return keys, nil
	})
	if err != nil {
		return &problem{what: "revoke", where: "keys", err: err, hint: "bargee relay key list shows names and IDs"}
	}
	a.say("revoked: a relay that runs takes them no more within a second")
	return nil
}

func (a *app) showServerID(data string) error {
	dir, err := a.relayDir(data)
	if err != nil {
		return err
	}
	id, _, err := serverID(filepath.Join(dir, serverIDFile))
	if err != nil {
		return &problem{what: "read", where: session.Display(filepath.Join(dir, serverIDFile)), err: err}
	}
	if a.json {
		a.event(struct {
			Event    string `json:"event"`
			ServerID string `json:"server_id"`
		}{"server", id})
		return nil
	}
	a.printf("%s\n", id)
	return nil
}
