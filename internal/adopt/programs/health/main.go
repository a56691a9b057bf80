// Health is a gRPC server with the health service of google.golang.org/grpc. It prints the
// address that it listens on.
package main

import (
	"fmt"
	"log"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr())
	services := health.NewServer()
	services.SetServingStatus("here", grpc_health_v1.HealthCheckResponse_SERVING)
	services.SetServingStatus("there", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
	s := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(s, services)
	log.Fatal(s.Serve(l))
}
