package session_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/bargee/bargee/session"
	"github.com/bargee/bargee/transport"
)

// A program serves a directory to whoever has a token, and another one lists it.
// Here they are one, and the client has not seen the server's key before: the
// token proves both to each other.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "served-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(dir, "hello.txt"), []byte("hello"), 0o644); err != nil {
		log.Fatal(err)
	}

	// The server.
	tree, err := session.OpenDir(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer tree.Close()
	token := transport.NewToken()
	listening, err := transport.Listen("127.0.0.1:0", transport.Config{
		Identity:  transport.NewKey(),
		Admission: &transport.Admission{Tree: dir, Tokens: transport.Tokens(token.Public())},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer listening.Close()
	server := session.NewServer(session.ServerConfig{Tree: tree, ReadOnly: true})
	defer server.Close()
	go server.Serve(ctx, listening) // until Close

	// The client.
	dialling, err := transport.Listen(":0", transport.Config{Identity: transport.NewKey()})
	if err != nil {
		log.Fatal(err)
	}
	defer dialling.Close()
	link, err := dialling.Dial(ctx, transport.Remote{
		Addresses: []string{listening.Addr().String()},
		Secret:    transport.SecretOf(token),
	})
	if err != nil {
		log.Fatal(err)
	}
	far := session.NewRemote(link)
	for entry, err := range far.List(ctx, session.MustPath("/")) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s %s %d\n", entry.Kind, session.Display(entry.Name), entry.Size)
	}
	// Output: file hello.txt 5
}
