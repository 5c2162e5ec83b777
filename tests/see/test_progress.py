import sys

from pearlite.see.progress import track


def test_items_pass_through_and_a_pipe_sees_nothing(capsys):
    assert list(track(range(3), "Counting")) == [0, 1, 2]
    assert list(track(iter("ab"), "Counting", total=2)) == ["a", "b"]
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_what_is_done_unless_told_not_to_show(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert list(track(range(3), "Counting")) == [0, 1, 2]
    shown = capsys.readouterr()
    assert "Counting" in shown.err
    assert shown.out == ""
    assert list(track(range(3), "Counting", show=False)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")
