"""How good a model is at reviewing: labelled changes in, precision, recall, silence and cost out.

    Dataset --dataset.load--> Cases --workspace.open_case--> ChangeSets
    ChangeSet --pipeline.review, once a case and contender--> Outcome --Results--> results.jsonl
    Case, Outcome --scoring.score_case--> CaseScore --measures--> figures with intervals
    figures --document--> JSON --table, page--> text, HTML

Reviewing is dear and scoring is cheap, so outcomes are kept and scores are made anew each time.
"""
