package transport

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// ask opens a stream, says something, and returns the answer.
func askOn(l Link, t *testing.T) ([]byte, error) {
	s, err := l.OpenStream(t.Context(), Control)
	if err != nil {
		return nil, err
	}
	if _, err := s.Write([]byte("question")); err != nil {
		return nil, err
	}
	s.Close()
	return io.ReadAll(s)
}

// answerAll answers what comes on the links of e.
func answerAll(e *Endpoint, t *testing.T) {
	for {
		l, err := e.Accept(t.Context())
		if err != nil {
			return
		}
		go func() {
			for {
				s, err := l.AcceptStream(t.Context())
				if err != nil {
					return
				}
				io.ReadAll(s)
				s.Write([]byte("answer"))
				s.Close()
			}
		}()
	}
}

// Dialled early, the first question is answered after two round trips instead of
// three where our key opens, and a wrong one is told all the same.
func TestDialEarly(t *testing.T) {
	for name, c := range map[string]struct {
		early, grant bool
		secret       Secret
		trips        time.Duration
		err          error
	}{
		"known":          {true, true, Secret{}, 2, nil},
		"known, late":    {false, true, Secret{}, 3, nil},
		"by token":       {true, false, SecretOf(testToken("early")), 3, nil},
		"not let in":     {true, false, Secret{}, 2, ErrAuth},
		"a wrong secret": {true, false, SecretOf(testToken("wrong")), 3, ErrAuth},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				grants, err := OpenGrants(t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				if c.grant {
					grants.Add(Grant{Key: testIdentity("client").Fingerprint(), Tree: "/", Origin: "test"})
				}
				s, near := new(simPath).start(t, 50*time.Millisecond,
					Config{Agent: "far", Admission: &Admission{Tree: "/", Grants: grants, Tokens: Tokens(testToken("early").Public())}}, Config{})
				go answerAll(s, t)
				begin := time.Now()
				l, err := near.Dial(t.Context(), Remote{Addresses: []string{s.Addr().String()}, Key: s.Fingerprint(),
					Secret: c.secret, Early: c.early})
				if err != nil {
					t.Fatal(err)
				}
				got, err := askOn(l, t)
				if took := time.Since(begin); took < 100*c.trips*time.Millisecond || took > (100*c.trips+45)*time.Millisecond {
					t.Errorf("it took %v, want %d round trips of 100 ms", took, c.trips)
				}
				if c.err != nil {
					if !errors.Is(err, c.err) {
						t.Errorf("the stream: %v", err)
					}
					<-l.Done()
					if err := Entered(t.Context(), l); !errors.Is(err, c.err) {
						t.Errorf("it was entered: %v", err)
					}
					if !errors.Is(l.Err(), c.err) || l.Peer().Key != s.Fingerprint() {
						t.Errorf("the link: %v", l.Err())
					}
					if _, err := askOn(l, t); !errors.Is(err, c.err) {
						t.Errorf("another stream: %v", err)
					}
					return
				}
				if string(got) != "answer" || err != nil {
					t.Errorf("%q, %v", got, err)
				}
				if err := Entered(t.Context(), l); err != nil {
					t.Error(err)
				}
				if p := l.Peer(); p.Agent != "far" || p.Version != 2 || len(p.KEM) == 0 {
					t.Errorf("the peer is %+v", p)
				}
				synctest.Wait()
			})
		})
	}
}

// A peer that shows another key gets nothing, however early.
func TestDialEarlyImpostor(t *testing.T) {
	s := serveOn(t, Config{Admission: &Admission{Tree: "/", Tokens: Tokens(testToken("early").Public())}})
	_, err := dialFrom(t, Config{}).Dial(t.Context(), Remote{Addresses: []string{s.Addr().String()}, Key: testIdentity("somebody").Fingerprint(), Early: true})
	if !errors.Is(err, ErrKeyChanged) {
		t.Errorf("%v", err)
	}
}

// Whoever closes an early link at once has heard all the same which key the peer will
// have, be it the link or the endpoint that is closed.
func TestDialEarlyHearsOut(t *testing.T) {
	for _, whole := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			grants, err := OpenGrants(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			grants.Add(Grant{Key: testIdentity("client").Fingerprint(), Tree: "/", Origin: "test"})
			ring := Keyring{Key: testIdentity("server"), Next: testIdentity("next"), From: time.Now().Add(time.Hour)}
			var heard []Renewal
			s, near := new(simPath).start(t, 50*time.Millisecond,
				Config{Keyring: func() Keyring { return ring }, Admission: &Admission{Tree: "/", Grants: grants}},
				Config{Renewed: func(r Renewal) { heard = append(heard, r) }})
			go answerAll(s, t)
			l, err := near.Dial(t.Context(), Remote{Addresses: []string{s.Addr().String()}, Key: ring.Key.Fingerprint(), Early: true})
			if err != nil {
				t.Fatal(err)
			}
			if whole {
				near.Close()
			} else {
				l.Close("")
			}
			if len(heard) != 1 || heard[0].Old != ring.Key.Fingerprint() || heard[0].New != ring.Next.Fingerprint() {
				t.Errorf("the endpoint closed: %v; heard %+v", whole, heard)
			}
		})
	}
}
