# SPDX-License-Identifier: MIT
# Copyright (c) 2026 KVM Manager contributors
"""make-appliance.py FORMAT OUT.ova DESCRIPTION DISK... packs them as appliances are, with check sums.

FORMAT is ustar, gnu or pax. A DISK that begins with "!" gets a wrong sum, one with "-" a sum and no file.
"""

import hashlib
import io
import os
import sys
import tarfile

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def main(how, out, description, *disks):
    sums = []
    with tarfile.open(out, "w", format=FORMATS[how]) as archive:
        for word in (description, *disks):
            mark, path = (word[0], word[1:]) if word[0] in "!-" else ("", word)
            name = os.path.basename(path)
            with open(path, "rb") as file:
                digits = hashlib.sha256(file.read()).hexdigest()
            sums.append(f"SHA256({name})= {digits if mark != '!' else '0' * 64}\n")
            if mark != "-":
                archive.add(path, name)
        text = "".join(sums).encode()
        entry = tarfile.TarInfo(os.path.basename(description).rsplit(".", 1)[0] + ".mf")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))


main(*sys.argv[1:])
