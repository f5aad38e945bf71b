"""The evidence bundle: all that one judgement rests on, written so that it can be judged again, to the same bytes.

    manifest.json        what was collected: run, baselines, notes, when, and the sha256 of every file below
    policy.yml           the policy's text
    logs.json            the answers to log questions
    games.jsonl          games, reduced to counts per unit of clusters in recorded order, where a check asks of them
    run/rows.jsonl       at which steps the run logged, and which metrics
    run/series.jsonl     the series the policy asks of
    baselines/1/…        the same of each baseline run

The digest of the bundle is the sha256 of its manifest. No configuration, log event or other text of the run is kept,
since they may hold secrets.
"""
