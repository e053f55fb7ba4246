// SPDX-License-Identifier: MIT

//! The peer "redis-rs": tasks of tokio's single-threaded runtime that share one
//! multiplexed connection. A width of N is N tasks with one command each on its
//! way. The command line and the output are those of bench.h.

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Value};
use std::time::Instant;

fn fail(message: String) -> ! {
    eprintln!("benchmark: {message}");
    std::process::exit(1);
}

fn cpu_microseconds() -> i64 {
    let mut usage = unsafe { std::mem::zeroed::<libc::rusage>() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    let of = |t: libc::timeval| t.tv_sec as i64 * 1_000_000 + t.tv_usec as i64;
    of(usage.ru_utime) + of(usage.ru_stime)
}

/// A case: its command, how large the reply is, how many commands are on their way,
/// and how many operations one is.
struct Work {
    command: Cmd,
    size: usize,
    outstanding: usize,
    per_command: usize,
}

fn work(name: &str, width: usize) -> Work {
    let (command, size) = match name {
        "get" => (Cmd::get("bench:16"), 16),
        "get64k" => (Cmd::get("bench:64k"), 65536),
        "set" => (Cmd::set("bench:set", "0123456789abcdef"), 2),
        "lrange" => (Cmd::lrange("bench:list", 0, width as isize - 1), width),
        _ => fail(format!("no row for the case '{name}'")),
    };
    let list = name == "lrange";
    Work {
        command,
        size,
        outstanding: if list { 1 } else { width },
        per_command: if list { width } else { 1 },
    }
}

fn size_of(reply: &Value) -> usize {
    match reply {
        Value::BulkString(bytes) => bytes.len(),
        Value::SimpleString(text) => text.len(),
        Value::Okay => 2,
        Value::Array(items) => items.len(),
        _ => 0,
    }
}

async fn call(mut redis: MultiplexedConnection, command: Cmd, size: usize, each: usize) {
    for _ in 0..each {
        match redis.send_packed_command(&command).await {
            Ok(reply) if size_of(&reply) == size => {}
            Ok(reply) => fail(format!("unexpected reply of {}", size_of(&reply))),
            Err(error) => fail(error.to_string()),
        }
    }
}

async fn run(work: Work, count: usize, path: &str) {
    let client = redis::Client::open(format!("unix://{path}"))
        .unwrap_or_else(|error| fail(error.to_string()));
    let redis = client
        .get_multiplexed_async_connection()
        .await
        .unwrap_or_else(|error| fail(error.to_string()));
    let each = count
        .div_ceil(work.per_command)
        .div_ceil(work.outstanding)
        .max(1);
    let (cpu, start) = (cpu_microseconds(), Instant::now());
    let tasks: Vec<_> = (0..work.outstanding)
        .map(|_| {
            tokio::task::spawn_local(call(
                redis.clone(),
                work.command.clone(),
                work.size,
                each,
            ))
        })
        .collect();
    for task in tasks {
        task.await.unwrap_or_else(|error| fail(error.to_string()));
    }
    println!(
        "ops={} ns={} cpu_us={}",
        each * work.outstanding * work.per_command,
        start.elapsed().as_nanos(),
        cpu_microseconds() - cpu
    );
}

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if words.len() != 4 {
        fail("usage: redis_redis_rs CASE COUNT ADDRESS".to_string());
    }
    let (name, digits) = words[1].split_once('/').unwrap_or((&words[1], "1"));
    let width = digits.parse().unwrap_or_else(|_| fail("bad width".to_string()));
    let count = words[2].parse().unwrap_or_else(|_| fail("bad count".to_string()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap_or_else(|error| fail(error.to_string()));
    tokio::task::LocalSet::new().block_on(&runtime, run(work(name, width), count, &words[3]));
}
