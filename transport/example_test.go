package transport_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/bargee/bargee/transport"
)

// A server lets in whoever holds a token; a client proves it and says hello.
func Example() {
	ctx := context.Background()
	token := transport.NewToken()
	alice, err := transport.NewIdentity()
	if err != nil {
		log.Fatal(err)
	}
	server, err := transport.Listen("127.0.0.1:0", transport.Config{
		Identity:  alice,
		Admission: &transport.Admission{Tree: "/srv", Tokens: transport.Tokens(token.Public())},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	bob, err := transport.NewIdentity()
	if err != nil {
		log.Fatal(err)
	}
	client, err := transport.Listen("127.0.0.1:0", transport.Config{Identity: bob})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	link, err := client.Dial(ctx, transport.Remote{
		Addresses: []string{server.Addr().String()},
		Key:       alice.Fingerprint(),
		Secret:    transport.SecretOf(token),
		Lanes:     2,
	})
	if err != nil {
		log.Fatal(err)
	}
	say, err := link.OpenStream(ctx, transport.Control)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(say, "hello over ", len(link.Lanes()), " lanes")
	say.Close()

	admitted, err := server.Accept(ctx)
	if err != nil {
		log.Fatal(err)
	}
	hear, err := admitted.AcceptStream(ctx)
	if err != nil {
		log.Fatal(err)
	}
	said, err := io.ReadAll(hear)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s, proved by %v\n", said, admitted.Peer().Grant.Origin == token.Public().ID())
	// Output: hello over 2 lanes, proved by true
}
