"""Who signed an attestation, by a trusted root. What the attestation says of a verdict may not enter.

`signer.py` says who has to have signed, `form.py` finds attestations in the files that people have, and
`verification.py` alone knows sigstore, which takes half a second to import: import it where a signature is checked.
"""
