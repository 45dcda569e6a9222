"""The table, and the same figures for a program to read."""

import dataclasses


def number(value):
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:.3f}"


def lines_of(row, figures):
    """(name, target, {side: Figure}) for each number of a row."""
    suffixes = []
    for by_suffix in figures.values():
        suffixes += [suffix for suffix in by_suffix if suffix not in suffixes]
    for suffix in suffixes:
        name = f"{row.name}.{suffix}" if suffix else row.name
        target = row.targets.get(suffix, row.target) if suffix else row.target
        yield name, target, {side: by_suffix[suffix] for side, by_suffix in figures.items() if suffix in by_suffix}


def judge(target, by_side):
    """[(what is asked, what is reached or None, met or None)]"""
    ours, peers, sink = (by_side.get(side) for side in ("ours", "peers", "sink"))
    verdicts = []

    def add(asked, reached, met):
        verdicts.append({"asked": asked, "reached": reached, "met": met if reached is not None else None})

    if target.ratio is not None:
        reached = ours.value / peers.value if ours and peers and peers.value else None
        add(f">= {target.ratio:g}x", reached, reached is not None and reached >= target.ratio)
    if target.sink is not None:
        reached = ours.value / sink.value if ours and sink and sink.value else None
        add(f">= {target.sink:g} sink", reached, reached is not None and reached >= target.sink)
    if target.most is not None:
        reached = ours.value if ours else None
        add(f"<= {target.most:g}", reached, reached is not None and reached <= target.most)
    for cost, limit in target.costs.items():
        reached = ours.cost.get(cost) if ours else None
        add(f"{cost} <= {limit:g}", reached, reached is not None and reached <= limit)
    return verdicts


HEADER = (f"{'row':<16}{'unit':<13}{'ours':>9}{'peers':>9}{'sink':>9}{'ratio':>8}  "
          f"{'CPU ms/op':>15}{'KB written/op':>17}{'KB to disk/op':>17}{'flushes/op':>15}   {'target'}\n"
          f"{'':<64}  {'ours / peers':>15}{'ours / peers':>17}{'ours / peers':>17}{'ours / peers':>15}")


def text(row, figures):
    out = []
    for name, target, by_side in lines_of(row, figures):
        ours, peers, sink = (by_side.get(side) for side in ("ours", "peers", "sink"))
        unit = next(iter(by_side.values())).unit
        ratio = ours.value / peers.value if ours and peers and peers.value else None

        def pair(cost):
            both = [figure.cost.get(cost) if figure else None for figure in (ours, peers)]
            return "" if both == [None, None] else " / ".join(number(value) for value in both)

        verdicts = judge(target, by_side)
        words = []
        for verdict in verdicts:
            mark = {True: "ok", False: "MISSED", None: "?"}[verdict["met"]]
            reached = f" ({number(verdict['reached'])})" if "sink" in verdict["asked"] and verdict["reached"] else ""
            words.append(f"{verdict['asked']}{reached} {mark}")
        out.append(f"{name:<16}{unit:<13}{number(ours.value if ours else None):>9}"
                   f"{number(peers.value if peers else None):>9}{number(sink.value if sink else None):>9}"
                   f"{number(ratio):>8}  {pair('cpu_ms'):>15}{pair('written_kb'):>17}{pair('device_kb'):>17}{pair('flushes'):>15}"
                   f"   {'; '.join(words)}")
    for side, by_suffix in figures.items():
        for figure in by_suffix.values():
            for trouble in ("errors", "never_told", "sessions_lost"):
                if figure.notes.get(trouble):
                    first = figure.notes.get("first_error") or figure.notes.get("first_loss") or ""
                    out.append(f"    {side}: {trouble} {figure.notes[trouble]} {first}".rstrip())
    return "\n".join(out)


def record(row, figures):
    """For latest.json."""
    return [{"row": name, "what": row.what, "targets": judge(target, by_side),
             "ratio": (by_side["ours"].value / by_side["peers"].value
                       if "ours" in by_side and "peers" in by_side and by_side["peers"].value else None),
             **{side: dataclasses.asdict(figure) for side, figure in by_side.items()}}
            for name, target, by_side in lines_of(row, figures)]
