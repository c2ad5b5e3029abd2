import pytest

from difftext.__main__ import main


@pytest.fixture
def files(tmp_path):
    old, new = tmp_path / "old.txt", tmp_path / "new.txt"
    old.write_text("one\ntwo words here\n", encoding="utf-8")
    new.write_text("one \ntwo words there\n", encoding="utf-8")
    return str(old), str(new)


def test_differences_are_exit_code_1(files, capsys):
    assert main([files[0], files[1], "--ignore-space"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("--- %s\n+++ %s\n@@ -1,2 +1,2 @@\n one\n-two" % files)


def test_formats(files, capsys):
    assert main([files[0], files[1], "--format", "words", "--context", "0", "--ignore-space"]) == 1
    assert "~ two words [-here-]{+there+}\n" in capsys.readouterr().out
    assert main([files[0], files[1], "--format", "html"]) == 1
    assert capsys.readouterr().out.endswith("</table>\n")


def test_the_same_file(files, capsys):
    assert main([files[0], files[0]]) == 0
    assert capsys.readouterr().out == ""


def test_a_missing_file(files, capsys):
    assert main([files[0], files[1] + ".bak"]) == 2
    assert "No such file" in capsys.readouterr().err
