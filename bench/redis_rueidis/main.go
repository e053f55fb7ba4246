// SPDX-License-Identifier: MIT

// The peer "rueidis": goroutines that share one multiplexed connection. A width
// of N is N goroutines with one command each on its way. The command line and the
// output are those of bench.h.
package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/redis/rueidis"
)

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "benchmark: "+format+"\n", args...)
	os.Exit(1)
}

func cpuMicroseconds() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		fail("getrusage: %v", err)
	}
	return (u.Utime.Nano() + u.Stime.Nano()) / 1000
}

// The work of a case: a command, and a check of its reply.
type work func(client rueidis.Client) error

func get(key string, size int) work {
	ctx := context.Background()
	return func(client rueidis.Client) error {
		text, err := client.Do(ctx, client.B().Get().Key(key).Build()).ToString()
		if err == nil && len(text) != size {
			err = fmt.Errorf("unexpected reply of %d bytes", len(text))
		}
		return err
	}
}

func set(client rueidis.Client) error {
	return client.Do(context.Background(), client.B().Set().Key("bench:set").
		Value("0123456789abcdef").Build()).Error()
}

func lrange(width int) work {
	return func(client rueidis.Client) error {
		list, err := client.Do(context.Background(), client.B().Lrange().
			Key("bench:list").Start(0).Stop(int64(width-1)).Build()).AsStrSlice()
		if err == nil && len(list) != width {
			err = fmt.Errorf("unexpected reply of %d elements", len(list))
		}
		return err
	}
}

func connect(path string) rueidis.Client {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress:       []string{path},
		DisableCache:      true,
		ForceSingleClient: true,
		PipelineMultiplex: -1,
		DialFn: func(_ string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
			return d.Dial("unix", path)
		},
	})
	if err != nil {
		fail("%v", err)
	}
	return client
}

func main() {
	if len(os.Args) != 4 {
		fail("usage: redis_rueidis CASE COUNT ADDRESS")
	}
	name, digits, _ := strings.Cut(os.Args[1], "/")
	width, err := strconv.Atoi(digits)
	if err != nil || width < 1 {
		fail("bad width %q", digits)
	}
	count, _ := strconv.Atoi(os.Args[2])
	outstanding, perCommand := width, 1
	var do work
	switch name {
	case "get":
		do = get("bench:16", 16)
	case "get64k":
		do = get("bench:64k", 65536)
	case "set":
		do = set
	case "lrange":
		do, outstanding, perCommand = lrange(width), 1, width
	default:
		fail("no row for the case %q", name)
	}
	each := (count/perCommand + outstanding - 1) / outstanding
	if each < 1 {
		each = 1
	}
	client := connect(os.Args[3])
	defer client.Close()

	var all sync.WaitGroup
	cpu, start := cpuMicroseconds(), time.Now()
	for i := 0; i < outstanding; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for k := 0; k < each; k++ {
				if err := do(client); err != nil {
					fail("%v", err)
				}
			}
		}()
	}
	all.Wait()
	ns := time.Since(start).Nanoseconds()
	fmt.Printf("ops=%d ns=%d cpu_us=%d\n", each*outstanding*perCommand, ns,
		cpuMicroseconds()-cpu)
}
