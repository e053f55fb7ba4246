// SPDX-License-Identifier: MIT

// The peer "go": an echo server with a goroutine for each connection, plain or
// with crypto/tls, on one processor (GOMAXPROCS=1). See echo.h for the load.
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func fail(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "benchmark: "+format+"\n", args...)
	os.Exit(1)
}

func must(err error) {
	if err != nil {
		fail("%v", err)
	}
}

func cpuMicroseconds() int64 {
	var u syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return (u.Utime.Nano() + u.Stime.Nano()) / 1000
}

func needDescriptors(width int) {
	var limit syscall.Rlimit
	must(syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	need := uint64(width + 64)
	if limit.Max < need {
		fmt.Fprintf(os.Stderr, "benchmark: %d connections need %d descriptors, and the hard limit is %d\n",
			width, need, limit.Max)
		os.Exit(77)
	}
	if limit.Cur < need {
		limit.Cur = need
		must(syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit))
	}
}

// load starts echo_load; what comes back is its end of the control socket.
func load(what, name, width, count string) (*exec.Cmd, *os.File) {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	must(err)
	syscall.CloseOnExec(fds[0])
	theirs := os.NewFile(uintptr(fds[1]), "load")
	defer theirs.Close()
	folder, err := filepath.Abs(filepath.Dir(os.Args[0]))
	must(err)
	program := filepath.Join(folder, "echo_load")
	cmd := exec.Command(program, what, name, width, count)
	cmd.Stdin, cmd.Stderr = theirs, os.Stderr
	must(cmd.Start())
	return cmd, os.NewFile(uintptr(fds[0]), "control")
}

func serve(conn net.Conn) {
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		if err == nil {
			_, err = conn.Write(buf[:n])
		}
		if err != nil {
			conn.Close()
			return
		}
	}
}

func main() {
	runtime.GOMAXPROCS(1)
	if len(os.Args) < 3 {
		fail("usage: %s CASE COUNT", os.Args[0])
	}
	name, digits, _ := strings.Cut(os.Args[1], "/")
	width, err := strconv.Atoi(digits)
	must(err)
	count, err := strconv.Atoi(os.Args[2])
	must(err)
	needDescriptors(width)
	if count < width {
		count = width
	}

	socket := fmt.Sprintf("diesel-bench-%d", os.Getpid())
	listener, err := net.Listen("unix", "@"+socket)
	must(err)
	what := "plain"
	if name == "tls-echo" {
		what = "tls"
		file := "/tmp/" + socket + ".pem"
		cmd, control := load("cert", socket, file, "0")
		must(cmd.Wait())
		control.Close()
		cert, err := tls.LoadX509KeyPair(file, file)
		os.Remove(file)
		must(err)
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{cert}})
	} else if name != "echo" {
		fail("%s has no case %q", os.Args[0], name)
	}
	cmd, control := load(what, socket, digits, strconv.Itoa(count))
	go func() {
		for {
			conn, err := listener.Accept()
			must(err)
			go serve(conn)
		}
	}()

	b := make([]byte, 1)
	_, err = io.ReadFull(control, b)
	must(err)
	cpu, start := cpuMicroseconds(), time.Now()
	_, err = control.Write([]byte("g"))
	must(err)
	_, err = io.ReadFull(control, b)
	must(err)
	ns := time.Since(start).Nanoseconds()
	fmt.Printf("ops=%d ns=%d cpu_us=%d\n", count, ns, cpuMicroseconds()-cpu)
	must(cmd.Wait())
}
