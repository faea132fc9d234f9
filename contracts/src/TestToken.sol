// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// @title A token that behaves as Tether's USDT on Ethereum does, for development and tests
/// @notice What sets it apart from a plain ERC-20, and what a custodian must survive:
/// - `transfer`, `transferFrom` and `approve` return nothing;
/// - `approve` from a non-zero to a non-zero allowance is refused;
/// - a fee may be switched on, so that less arrives than was sent;
/// - accounts may be black-listed (they cannot send, but do receive) and all transfers paused;
/// - `issue`, `redeem` and `destroyBlackFunds` change balances without a Transfer event;
/// - the zero address may receive.
contract TestToken {
    error NotOwner();
    error ZeroOwner();
    error Paused();
    error NotPaused();
    error BlackListed(address account);
    error NotBlackListed(address account);
    error InsufficientBalance(address account, uint256 balance, uint256 needed);
    error InsufficientAllowance(address spender, uint256 allowed, uint256 needed);
    error AllowanceNotZero();
    error FeeTooHigh();

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);
    event Issue(uint256 amount);
    event Redeem(uint256 amount);
    event Params(uint256 feeBasisPoints, uint256 maxFee);
    event Pause();
    event Unpause();
    event AddedBlackList(address account);
    event RemovedBlackList(address account);
    event DestroyedBlackFunds(address account, uint256 balance);
    event OwnershipTransferred(address indexed from, address indexed to);

    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant MAX_BASIS_POINTS = 20; // exclusive, as in the original
    uint256 private constant MAX_FEE_UNITS = 50; // exclusive, in whole tokens

    string public name;
    string public symbol;
    uint8 public immutable decimals;
    uint256 public totalSupply;
    address public owner;
    bool public paused;
    uint256 public basisPointsRate;
    uint256 public maximumFee;

    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;
    mapping(address account => bool) public isBlackListed;

    modifier onlyOwner() {
        _checkOwner();
        _;
    }

    modifier whenNotPaused() {
        _checkNotPaused();
        _;
    }

    /// @param owner_ issues, redeems, pauses, black-lists, sets and receives the fee
    /// @param supply base units that the owner starts with
    constructor(address owner_, uint256 supply, string memory name_, string memory symbol_, uint8 decimals_) {
        if (owner_ == address(0)) revert ZeroOwner();
        owner = owner_;
        name = name_;
        symbol = symbol_;
        decimals = decimals_;
        totalSupply = supply;
        balanceOf[owner_] = supply;
    }

    /// @notice Moves `value` base units; the recipient gets `value` less the fee, the owner the fee.
    function transfer(address to, uint256 value) external whenNotPaused {
        _transfer(msg.sender, to, value);
    }

    /// @notice As `transfer`, from an account that allowed it. An allowance of 2^256-1 is not used up.
    function transferFrom(address from, address to, uint256 value) external whenNotPaused {
        uint256 allowed = allowance[from][msg.sender];
        if (allowed < value) revert InsufficientAllowance(msg.sender, allowed, value);
        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - value;
        _transfer(from, to, value);
    }

    /// @notice Sets an allowance; to change one that is not zero, set it to zero first.
    function approve(address spender, uint256 value) external {
        if (value != 0 && allowance[msg.sender][spender] != 0) revert AllowanceNotZero();
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
    }

    /// @notice Creates `amount` for the owner. No Transfer event.
    function issue(uint256 amount) external onlyOwner {
        totalSupply += amount;
        balanceOf[owner] += amount;
        emit Issue(amount);
    }

    /// @notice Destroys `amount` of the owner's. No Transfer event.
    function redeem(uint256 amount) external onlyOwner {
        uint256 balance = balanceOf[owner];
        if (balance < amount) revert InsufficientBalance(owner, balance, amount);
        totalSupply -= amount;
        balanceOf[owner] = balance - amount;
        emit Redeem(amount);
    }

    /// @notice Switches the transfer fee on (or off, with 0 and 0).
    /// @param feeBasisPoints below 20
    /// @param maxFeeUnits the most a transfer pays, in whole tokens, below 50
    function setParams(uint256 feeBasisPoints, uint256 maxFeeUnits) external onlyOwner {
        if (feeBasisPoints >= MAX_BASIS_POINTS || maxFeeUnits >= MAX_FEE_UNITS) revert FeeTooHigh();
        basisPointsRate = feeBasisPoints;
        maximumFee = maxFeeUnits * 10 ** decimals;
        emit Params(basisPointsRate, maximumFee);
    }

    function pause() external onlyOwner whenNotPaused {
        paused = true;
        emit Pause();
    }

    function unpause() external onlyOwner {
        if (!paused) revert NotPaused();
        paused = false;
        emit Unpause();
    }

    function addBlackList(address account) external onlyOwner {
        isBlackListed[account] = true;
        emit AddedBlackList(account);
    }

    function removeBlackList(address account) external onlyOwner {
        isBlackListed[account] = false;
        emit RemovedBlackList(account);
    }

    /// @notice Takes everything a black-listed account has out of existence. No Transfer event.
    function destroyBlackFunds(address account) external onlyOwner {
        if (!isBlackListed[account]) revert NotBlackListed(account);
        uint256 balance = balanceOf[account];
        balanceOf[account] = 0;
        totalSupply -= balance;
        emit DestroyedBlackFunds(account, balance);
    }

    /// @notice As in the original, the zero address changes nothing.
    function transferOwnership(address to) external onlyOwner {
        if (to == address(0)) return;
        emit OwnershipTransferred(owner, to);
        owner = to;
    }

    function _transfer(address from, address to, uint256 value) private {
        if (isBlackListed[from]) revert BlackListed(from);
        uint256 balance = balanceOf[from];
        if (balance < value) revert InsufficientBalance(from, balance, value);

        uint256 fee = value * basisPointsRate / BASIS_POINTS; // rounded down
        if (fee > maximumFee) fee = maximumFee;
        balanceOf[from] = balance - value;
        balanceOf[to] += value - fee;
        if (fee > 0) {
            balanceOf[owner] += fee;
            emit Transfer(from, owner, fee);
        }
        emit Transfer(from, to, value - fee);
    }

    function _checkOwner() private view {
        if (msg.sender != owner) revert NotOwner();
    }

    function _checkNotPaused() private view {
        if (paused) revert Paused();
    }
}
