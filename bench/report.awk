# SPDX-License-Identifier: MIT
#
# Turns the samples of one case into a table or into JSON. A line of input is
# one run: WHO and the KEY=VALUE pairs that the program printed, or WHO and
# instr=NUMBER. Variables: name, "SUITE/CASE"; format, "table" or "json".
#
# The speed of a run is ns / ops; medians are taken over these, so the number of
# operations may differ from run to run.

{
    who = $1
    if (!(who in known)) {
        known[who] = ++people
        person[people] = who
    }
    split("", value)
    for (i = 2; i <= NF; i++) {
        split($i, pair, "=")
        value[pair[1]] = pair[2]
    }
    if ("instr" in value)
        add(who, "instr", value["instr"])
    if ("ns" in value)
        add(who, "ns", value["ns"] / value["ops"])
    if ("cpu_us" in value)
        add(who, "cpu", value["cpu_us"] / value["ops"])
    if ("bytes" in value)
        add(who, "bytes", value["bytes"] / value["ops"])
}

END {
    if (format == "json")
        for (i = 1; i <= people; i++)
            print_json(person[i])
    else
        print_table()
}

# Keeps the samples of who's quantity in ascending order.
function add(who, quantity, sample,    n) {
    n = ++count[who, quantity]
    while (n > 1 && samples[who, quantity, n - 1] > sample) {
        samples[who, quantity, n] = samples[who, quantity, n - 1]
        n--
    }
    samples[who, quantity, n] = sample
}

function has(who, quantity) {
    return (who, quantity) in count
}

function least(who, quantity) {
    return samples[who, quantity, 1]
}

function most(who, quantity) {
    return samples[who, quantity, count[who, quantity]]
}

function median(who, quantity,    n, half) {
    n = count[who, quantity]
    half = int((n + 1) / 2)
    if (n % 2 == 1)
        return samples[who, quantity, half]
    return (samples[who, quantity, half] + samples[who, quantity, half + 1]) / 2
}

function print_json(who,    line, slash) {
    slash = index(name, "/")
    line = sprintf("{\"suite\":\"%s\",\"case\":\"%s\",\"who\":\"%s\"",
                   substr(name, 1, slash - 1), substr(name, slash + 1), who)
    if (has(who, "ns"))
        line = line sprintf(",\"ops_per_s\":%.0f", 1e9 / median(who, "ns"))
    if (has(who, "cpu"))
        line = line sprintf(",\"cpu_us_per_op\":%.6g", median(who, "cpu"))
    if (has(who, "ns"))
        line = line sprintf(",\"ns_per_op\":%.6g", median(who, "ns"))
    if (has(who, "instr"))
        line = line sprintf(",\"instr_per_op\":%.1f", median(who, "instr"))
    if (has(who, "bytes"))
        line = line sprintf(",\"bytes_per_op\":%.1f", median(who, "bytes"))
    print line "}"
}

# A number in five characters or so, as 3.87, 46.1, 18.2k, 1.94M.
function short(number,    unit, i) {
    for (i = 0; number >= 10000 && i < 3; i++)
        number /= 1000
    unit = substr(" kMG", i + 1, 1)
    if (number < 1)
        return sprintf("%.3f%s", number, unit)
    if (number < 10)
        return sprintf("%.2f%s", number, unit)
    if (number < 100)
        return sprintf("%.1f%s", number, unit)
    return sprintf("%.0f%s", number, unit)
}

function cell(who, quantity) {
    return has(who, quantity) ? short(median(who, quantity)) : "- "
}

# Diesel's figure over the peer's.
function ratio(who, quantity) {
    if (who == "diesel" || !has(who, quantity) || !has("diesel", quantity) ||
        median(who, quantity) == 0)
        return "-"
    return sprintf("%.2f", median("diesel", quantity) / median(who, quantity))
}

function print_table() {
    if (has(person[1], "bytes"))
        print_memory()
    else
        print_speed()
}

function print_memory(    i, who) {
    printf "\n%-24s %9s %9s %9s   diesel / peer\n", name, "bytes/op", "min", "max"
    for (i = 1; i <= people; i++) {
        who = person[i]
        printf "  %-22s %9.0f %9.0f %9.0f   %s\n", who, median(who, "bytes"),
               least(who, "bytes"), most(who, "bytes"), ratio(who, "bytes")
    }
}

# Speed as a ratio is operations a second, hence the times the other way round.
function speed_ratio(who) {
    if (who == "diesel" || !has("diesel", "ns"))
        return "-"
    return sprintf("%.2f", median(who, "ns") / median("diesel", "ns"))
}

function print_speed(    i, who) {
    printf "\n%-20s %7s %8s %8s %8s %9s %8s   diesel / peer: ops/s   cpu instr\n",
           name, "ops/s", "ns/op", "min", "max", "cpu us/op", "instr/op"
    for (i = 1; i <= people; i++) {
        who = person[i]
        printf "  %-18s %7s %8s %8s %8s %9s %8s %22s %5s %5s\n", who,
               short(1e9 / median(who, "ns")), cell(who, "ns"),
               short(least(who, "ns")), short(most(who, "ns")),
               sprintf("%.4g", median(who, "cpu")), cell(who, "instr"),
               speed_ratio(who), ratio(who, "cpu"), ratio(who, "instr")
    }
}
