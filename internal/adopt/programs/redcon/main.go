// Redcon is a server for the Redis protocol by github.com/tidwall/redcon: SET, GET, DEL,
// PING. It prints the address that it listens on.
package main

import (
	"fmt"
	"log"
	"net"
	"strings"
	"sync"

	"github.com/tidwall/redcon"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr())
	var s store
	log.Fatal(redcon.Serve(l, s.handle, nil, nil))
}

// store is what was set.
type store struct {
	mu     sync.Mutex
	values map[string][]byte
}

func (s *store) handle(c redcon.Conn, cmd redcon.Command) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch name := strings.ToLower(string(cmd.Args[0])); {
	case name == "ping":
		c.WriteString("PONG")
	case name == "set" && len(cmd.Args) == 3:
		if s.values == nil {
			s.values = map[string][]byte{}
		}
		s.values[string(cmd.Args[1])] = append([]byte(nil), cmd.Args[2]...)
		c.WriteString("OK")
	case name == "get" && len(cmd.Args) == 2:
		if v, ok := s.values[string(cmd.Args[1])]; ok {
			c.WriteBulk(v)
		} else {
			c.WriteNull()
		}
	case name == "del" && len(cmd.Args) == 2:
		delete(s.values, string(cmd.Args[1]))
		c.WriteInt(1)
	default:
		c.WriteError("ERR unknown command '" + name + "'")
	}
}
