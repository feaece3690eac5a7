"""Electronic signatures and locks: what is signed, by whom, whether it still holds, and what may not change any more.

A later room declares in its `queries/signables.py` what of its own can be signed, one `Kind` for each model, and
registers it in its `apps.py`. Then the page `{% url "sign" kind.name record.pk %}` signs it, `{% signatures record %}`
(template library `signing`) shows its manifest, and `queries.holds(record)` says whether it is signed.

An act that is signed as it is made takes its form from `signing.web.forms.SignedForm` and hands what the form found
out on to the service, which calls `sign` last, inside its own transaction:

    class CloseForm(SignedForm):
        meanings = (Meaning.APPROVAL,)
        note = forms.CharField(...)

    def run(target, given, *, by, at):                        # the `run` of a Step
        signing = signing_of(given)                           # takes meaning, proof, states_equivalence out of `given`
        return close_deviation(deviation=target.record, note=given["note"], signing=signing, by=by, at=clock.now())

    def close_deviation(*, deviation, note, signing, by, at):
        with command(...):
            ...                                               # change and save
            sign(record=current, by=by, at=at, **signing)     # refused: nothing of it happened
        return current

`at` is within a minute of the proof, so it is read again after the form was checked. Whoever changes a record of a kind
has nothing to do: the signature stops holding by itself, because it is compared with what is there.
"""
